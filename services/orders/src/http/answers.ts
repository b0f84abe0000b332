// The answers in the demo's shapes, and those of /v1.
import type { RejectionReason } from '@orderflow/shared/contracts/ids.ts';
import { demoMessage } from '@orderflow/shared/http/problem.ts';
import type { ListedCartLine } from '../readmodel/cartLines.ts';
import type { OrderLineView, OrderView, TrackedOrder } from '../readmodel/orders.ts';
import type { KnownProduct, Product } from '../readmodel/products.ts';

const REJECTIONS: Readonly<Record<RejectionReason, string>> = {
  unknown_product: 'No product exists with the given ID',
  out_of_stock: 'Product is out of stock',
  request_dropped: 'The order could not be handled and was given up: place it again',
};

/** Why an order was not confirmed. */
export function rejectedAnswer(reason: RejectionReason) {
  return demoMessage(REJECTIONS[reason]);
}

/**
 * A confirmed order: all figures as they were right after it, so that the same order gives the same answer at any time.
 * An order of one line has the demo's shape; of several, a list of it. `products` must know all of the lines' products.
 */
export function confirmedAnswer(
  order: OrderView,
  products: ReadonlyMap<Product['productId'], Product>,
) {
  const lines = order.lines.map((line) => {
    const product = products.get(line.productId);
    if (product === undefined)
      throw new Error(`Order ${order.orderId}: product ${line.productId} was never heard of`);
    return confirmedLine(order, line, product);
  });
  return { resp: lines.length === 1 ? lines[0] : lines };
}

function confirmedLine(order: OrderView, line: OrderLineView, product: Product) {
  const { cartLine, availableQuantity, stockChangedAt } = line;
  if (cartLine === undefined || availableQuantity === undefined || stockChangedAt === undefined)
    throw new Error(`Order ${order.orderId} is confirmed, but its line ${line.productId} is not`);
  return {
    inventoryResp: demoProduct({ ...product, availableQuantity, updatedAt: stockChangedAt }),
    orderResp: {
      uuid: cartLine.uuid,
      count: cartLine.confirmedOrderCount,
      id: cartLine.id,
      inventory_id: line.productId,
      user_id: order.userId,
      updated_at: order.decidedAt,
      created_at: cartLine.createdAt,
    },
  };
}

/** A cart line as GET /order lists it. */
export function demoCartLine(line: ListedCartLine) {
  return {
    id: line.id,
    uuid: line.uuid,
    user_id: line.userId,
    inventory_id: line.product.productId,
    count: line.confirmedOrderCount,
    created_at: line.createdAt,
    updated_at: line.updatedAt,
    deleted_at: null,
    inventory: demoProduct(line.product),
  };
}

function demoProduct(product: KnownProduct) {
  return {
    id: product.productId,
    uuid: product.uuid,
    name: product.name,
    count: product.availableQuantity,
    created_at: product.createdAt,
    updated_at: product.updatedAt,
    deleted_at: null,
  };
}

/** An order as GET /v1/orders/:id shows it. */
export function orderAnswer(order: TrackedOrder) {
  return {
    id: order.orderId,
    status: order.status,
    userId: order.userId,
    lines: order.lines.map(({ productId, quantity, status }) => ({ productId, quantity, status })),
    reason: order.reason,
    requestedAt: order.requestedAt,
    decidedAt: order.decidedAt,
  };
}
