// A product's stock: its events, its state, and how the one gives the other.
import type {
  OrderId,
  OrderLine,
  ProductId,
  RejectionReason,
} from '@orderflow/shared/contracts/ids.ts';

/** A new product with all of its pieces available. */
export interface ProductAdded {
  readonly type: 'ProductAdded';
  readonly data: {
    readonly productId: ProductId;
    readonly uuid: string;
    readonly name: string;
    readonly quantity: number;
    readonly at: string;
  };
}

/** What every decision about one line of one order says. */
interface LineDecision {
  readonly productId: ProductId;
  readonly orderId: OrderId;
  readonly line: OrderLine;
  readonly quantity: number;
  /** What is available after this decision. */
  readonly availableQuantity: number;
  readonly at: string;
}

/** `sold`: the line stood alone, so it is final at once; otherwise it is held until its order is decided. */
export interface StockReserved {
  readonly type: 'StockReserved';
  readonly data: LineDecision & { readonly sold: boolean };
}

export interface StockRejected {
  readonly type: 'StockRejected';
  readonly data: LineDecision & { readonly reason: RejectionReason };
}

/** A held line went back to what is available. */
export interface StockReleased {
  readonly type: 'StockReleased';
  readonly data: LineDecision;
}

/** A held line became final. */
export interface StockSold {
  readonly type: 'StockSold';
  readonly data: LineDecision;
}

export type ProductEvent = ProductAdded | StockReserved | StockRejected | StockReleased | StockSold;

/** Names one line of one order. */
type LineKey = `${OrderId}/${number}`;

/** The stock of one product. Always: added = available + held + sold, none of them below 0. */
export interface ListedProduct {
  readonly status: 'listed';
  readonly productId: ProductId;
  readonly addedQuantity: number;
  readonly availableQuantity: number;
  readonly heldQuantity: number;
  readonly soldQuantity: number;
  /** The quantity of each line that is held now. Lines that are decided leave, so this stays small. */
  readonly heldLines: ReadonlyMap<LineKey, number>;
}

/** `unknown`: nobody has added the product, though requests for it may have been rejected on its stream. */
export type ProductState = { readonly status: 'unknown' } | ListedProduct;

export const initialProduct: ProductState = { status: 'unknown' };

/** The stream that a product's events stand in. */
export function productStream(productId: ProductId): string {
  return `product-${productId}`;
}

/** The key under which an order's line is held. */
export function lineKey(orderId: OrderId, line: Pick<OrderLine, 'index'>): LineKey {
  return `${orderId}/${line.index}`;
}

/** The state after an event. Throws if the event breaks the stock's arithmetic: such a log was not written by `decide`. */
export function evolveProduct(state: ProductState, event: ProductEvent): ProductState {
  switch (event.type) {
    case 'ProductAdded':
      return listed(event);
    case 'StockRejected':
      return state;
    case 'StockReserved':
      return checked(reserved(known(state, event), event), event);
    case 'StockReleased':
    case 'StockSold':
      return checked(settled(known(state, event), event), event);
  }
}

function listed({ data }: ProductAdded): ListedProduct {
  return {
    status: 'listed',
    productId: data.productId,
    addedQuantity: data.quantity,
    availableQuantity: data.quantity,
    heldQuantity: 0,
    soldQuantity: 0,
    heldLines: new Map(),
  };
}

function reserved(product: ListedProduct, { data }: StockReserved): ListedProduct {
  const availableQuantity = product.availableQuantity - data.quantity;
  if (data.sold)
    return { ...product, availableQuantity, soldQuantity: product.soldQuantity + data.quantity };
  const heldLines = new Map(product.heldLines);
  heldLines.set(lineKey(data.orderId, data.line), data.quantity);
  return {
    ...product,
    availableQuantity,
    heldQuantity: product.heldQuantity + data.quantity,
    heldLines,
  };
}

function settled(product: ListedProduct, { type, data }: StockReleased | StockSold): ListedProduct {
  const heldLines = new Map(product.heldLines);
  if (!heldLines.delete(lineKey(data.orderId, data.line)))
    throw new Error(`${type} of a line that is not held: ${lineKey(data.orderId, data.line)}`);
  const heldQuantity = product.heldQuantity - data.quantity;
  return type === 'StockSold'
    ? { ...product, heldQuantity, heldLines, soldQuantity: product.soldQuantity + data.quantity }
    : {
        ...product,
        heldQuantity,
        heldLines,
        availableQuantity: product.availableQuantity + data.quantity,
      };
}

function known(state: ProductState, event: ProductEvent): ListedProduct {
  if (state.status === 'listed') return state;
  throw new Error(`${event.type} of product ${event.data.productId}, which was never added`);
}

/** Promises P1 and P2 where they would break first. A breach is a bug: better a parked message than a sold-out sale. */
function checked(product: ListedProduct, event: StockReserved | StockReleased | StockSold) {
  const { addedQuantity, availableQuantity, heldQuantity, soldQuantity } = product;
  const sound =
    availableQuantity >= 0 &&
    heldQuantity >= 0 &&
    addedQuantity === availableQuantity + heldQuantity + soldQuantity &&
    availableQuantity === event.data.availableQuantity;
  if (sound) return product;
  throw new Error(
    `${event.type} breaks the stock of product ${product.productId}: added ${addedQuantity}, ` +
      `available ${availableQuantity} (the event says ${event.data.availableQuantity}), ` +
      `held ${heldQuantity}, sold ${soldQuantity}`,
  );
}
