// The rules of stock: who gets a piece, and what becomes of it. The one place that decides about the last one.
import type { OrderId, OrderLine, ProductId } from '@orderflow/shared/contracts/ids.ts';
import {
  accept,
  reject,
  type Decider,
  type Decision,
} from '@orderflow/shared/eventstore/decider.ts';
import {
  evolveProduct,
  initialProduct,
  lineKey,
  type ProductEvent,
  type ProductState,
} from './product.ts';

export interface AddProduct {
  readonly type: 'AddProduct';
  readonly productId: ProductId;
  readonly uuid: string;
  readonly name: string;
  readonly quantity: number;
  readonly at: string;
}

/** An order's line asks for stock. */
export interface ReserveStock {
  readonly type: 'ReserveStock';
  readonly productId: ProductId;
  readonly orderId: OrderId;
  readonly line: OrderLine;
  readonly quantity: number;
  readonly at: string;
}

/** The line's order was decided: it gets what is held for it (`SellStock`), or gives it back (`ReleaseStock`). */
export interface SettleStock {
  readonly type: 'SellStock' | 'ReleaseStock';
  readonly productId: ProductId;
  readonly orderId: OrderId;
  readonly line: OrderLine;
  readonly at: string;
}

/** A request that cannot be handled is given up: its order must be decided all the same. */
export interface GiveUpRequest {
  readonly type: 'GiveUpRequest';
  readonly productId: ProductId;
  readonly orderId: OrderId;
  readonly line: OrderLine;
  readonly quantity: number;
  readonly at: string;
}

export type ProductCommand = AddProduct | ReserveStock | GiveUpRequest | SettleStock;

/** The only command that can be turned down: an id from the counter is never given twice. */
export type ProductRejection = 'product_exists';

/** The decider of a product's stream. */
export const productDecider: Decider<ProductState, ProductCommand, ProductEvent, ProductRejection> =
  {
    initialState: initialProduct,
    decide: decideReservation,
    evolve: evolveProduct,
  };

function decideReservation(
  command: ProductCommand,
  state: ProductState,
): Decision<ProductEvent, ProductRejection> {
  switch (command.type) {
    case 'AddProduct':
      return add(command, state);
    case 'ReserveStock':
      return accept(reserve(command, state));
    case 'GiveUpRequest':
      return accept(giveUp(command, state));
    case 'SellStock':
    case 'ReleaseStock':
      return settle(command, state);
  }
}

function add(
  { productId, uuid, name, quantity, at }: AddProduct,
  state: ProductState,
): Decision<ProductEvent, ProductRejection> {
  if (state.status === 'listed') return reject('product_exists');
  return accept({ type: 'ProductAdded', data: { productId, uuid, name, quantity, at } });
}

/** Every request gets exactly one answer on the stream, so its order is always decided. */
function reserve(command: ReserveStock, state: ProductState): ProductEvent {
  const { productId, orderId, line, quantity, at } = command;
  const availableQuantity = state.status === 'listed' ? state.availableQuantity : 0;
  const refused = { productId, orderId, line, quantity, availableQuantity, at };
  if (state.status === 'unknown')
    return { type: 'StockRejected', data: { ...refused, reason: 'unknown_product' } };
  if (quantity > availableQuantity)
    return { type: 'StockRejected', data: { ...refused, reason: 'out_of_stock' } };
  return {
    type: 'StockReserved',
    data: {
      ...refused,
      availableQuantity: availableQuantity - quantity,
      // A line that stands alone needs nobody's consent: it is final now, and its order's confirmation is passed over.
      sold: line.of === 1,
    },
  };
}

/** Whatever is available: nobody knows what handling it would have led to. */
function giveUp(command: GiveUpRequest, state: ProductState): ProductEvent {
  const { productId, orderId, line, quantity, at } = command;
  const availableQuantity = state.status === 'listed' ? state.availableQuantity : 0;
  const data = { productId, orderId, line, quantity, availableQuantity, at };
  return { type: 'StockRejected', data: { ...data, reason: 'request_dropped' } };
}

/** A line that is not held was rejected, or sold at once: nothing is left to decide. */
function settle(command: SettleStock, state: ProductState): Decision<ProductEvent> {
  const { productId, orderId, line, at } = command;
  if (state.status === 'unknown') return accept();
  const quantity = state.heldLines.get(lineKey(orderId, line));
  if (quantity === undefined) return accept();
  const { availableQuantity } = state;
  const data = { productId, orderId, line, quantity, availableQuantity, at };
  return command.type === 'SellStock'
    ? accept({ type: 'StockSold', data })
    : accept({
        type: 'StockReleased',
        data: { ...data, availableQuantity: availableQuantity + quantity },
      });
}
