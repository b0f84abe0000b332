// One order as a stored procedure: the whole transaction in one round trip.
import { randomUUID } from 'node:crypto';
import type { Pool, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { z } from 'zod';
import { cartLineOf, productOf } from '../carts.ts';
import { retryLocked } from '../retryLocked.ts';
import { confirmed, refused, REFUSALS, type Answer } from '../shopServer.ts';

/** Answers one row: `outcome`, and where it is 'confirmed' the cart line with its product. */
export const PROCEDURE = `
  CREATE PROCEDURE place_order(
    IN the_user BIGINT UNSIGNED, IN the_product BIGINT UNSIGNED,
    IN cart_uuid CHAR(36), IN order_uuid CHAR(36))
  BEGIN
    DECLARE EXIT HANDLER FOR 1452 BEGIN
      ROLLBACK;
      SELECT 'unknownUser' AS outcome;
    END;
    -- A lock waited for in vain ends the statement alone: the connection would go back with its transaction open.
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
      ROLLBACK;
      RESIGNAL;
    END;
    START TRANSACTION;
    UPDATE products SET count = count - 1, updated_at = CURRENT_TIMESTAMP(3)
      WHERE id = the_product AND count > 0;
    IF ROW_COUNT() = 0 THEN
      ROLLBACK;
      SELECT IF(EXISTS(SELECT 1 FROM products WHERE id = the_product),
        'outOfStock', 'unknownProduct') AS outcome;
    ELSE
      INSERT INTO carts (uuid, user_id, inventory_id, count)
        VALUES (cart_uuid, the_user, the_product, 1)
        ON DUPLICATE KEY UPDATE count = count + 1, updated_at = CURRENT_TIMESTAMP(3);
      INSERT INTO placed_orders (uuid, user_id, inventory_id)
        VALUES (order_uuid, the_user, the_product);
      SELECT 'confirmed' AS outcome, c.id, c.uuid, c.user_id, c.inventory_id, c.count,
          c.created_at, c.updated_at, p.uuid AS product_uuid, p.name AS product_name,
          p.count AS product_count, p.created_at AS product_created_at,
          p.updated_at AS product_updated_at
        FROM carts AS c JOIN products AS p ON p.id = c.inventory_id
        WHERE c.user_id = the_user AND c.inventory_id = the_product;
      COMMIT;
    END IF;
  END`;

const outcomeSchema = z.enum(['confirmed', 'outOfStock', 'unknownProduct', 'unknownUser']);

/** Places an order. Rejects when the database cannot do it. */
export async function placeByProcedure(
  pool: Pool,
  userId: number,
  productId: number,
): Promise<Answer> {
  // A call answers the rows that the procedure selects, then its own header.
  const [[rows]] = await retryLocked(() =>
    pool.execute<[RowDataPacket[], ResultSetHeader]>('CALL place_order(?, ?, ?, ?)', [
      userId,
      productId,
      randomUUID(),
      randomUUID(),
    ]),
  );
  const [row] = rows;
  const outcome = outcomeSchema.parse(row?.outcome);
  if (outcome !== 'confirmed') return refused(REFUSALS[outcome]);
  if (row === undefined) throw new Error('The procedure gave no row');
  return confirmed(productOf(row), cartLineOf(row));
}
