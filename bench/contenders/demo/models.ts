// The demo's tables in Sequelize.
import {
  DataTypes,
  type CreationOptional,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize';

/** A product. */
export interface Product extends Model<InferAttributes<Product>, InferCreationAttributes<Product>> {
  id: CreationOptional<number>;
  uuid: string;
  name: string;
  count: number;
}

/** A cart line: the demo's `orders` row. */
export interface CartLine extends Model<
  InferAttributes<CartLine>,
  InferCreationAttributes<CartLine>
> {
  id: CreationOptional<number>;
  uuid: string;
  user_id: number;
  inventory_id: number;
  count: number;
}

/** The models. */
export interface Models {
  readonly products: ModelStatic<Product>;
  readonly carts: ModelStatic<CartLine>;
}

/** Defines the models on a connection. */
export function defineModels(sequelize: Sequelize): Models {
  const id = { type: DataTypes.BIGINT.UNSIGNED, primaryKey: true, autoIncrement: true };
  const options = {
    underscored: true,
    paranoid: true,
    createdAt: 'created_at',
    updatedAt: 'updated_at',
    deletedAt: 'deleted_at',
  };
  const uuid = DataTypes.UUID;
  const count = DataTypes.INTEGER;
  const reference = DataTypes.BIGINT.UNSIGNED;
  const products = sequelize.define<Product>(
    'products',
    { id, uuid, name: DataTypes.STRING, count },
    options,
  );
  const carts = sequelize.define<CartLine>(
    'carts',
    { id, uuid, user_id: reference, inventory_id: reference, count },
    options,
  );
  carts.belongsTo(products, { foreignKey: 'inventory_id', as: 'inventory', constraints: false });
  return { products, carts };
}
