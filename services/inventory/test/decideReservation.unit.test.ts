// The rules of stock, one sentence each.
import { orderIdSchema, productIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { given } from '@orderflow/shared/testing/given.ts';
import { productDecider } from '../src/domain/decideReservation.ts';
import type { ProductEvent } from '../src/domain/product.ts';

const at = '2026-11-22T11:07:18.764Z';
const later = '2026-11-22T11:07:19.001Z';
const productId = productIdSchema.parse(7);
const orderId = orderIdSchema.parse('0192f3a4-0000-7000-8000-000000000001');
const otherOrderId = orderIdSchema.parse('0192f3a4-0000-7000-8000-000000000002');
const uuid = '5f0c1f52-4a52-4a6e-9f1e-3d5c7d0b9a11';
const alone = { index: 0, of: 1 };
const second = { index: 1, of: 2 };

function added(quantity: number): ProductEvent {
  return { type: 'ProductAdded', data: { productId, uuid, name: 'camera', quantity, at } };
}

function reserved(quantity: number, availableQuantity: number): ProductEvent {
  return {
    type: 'StockReserved',
    data: { productId, orderId, line: second, quantity, availableQuantity, at, sold: false },
  };
}

function reserve(quantity: number, line = alone) {
  return { type: 'ReserveStock', productId, orderId, line, quantity, at: later } as const;
}

describe('adding a product', () => {
  const command = { type: 'AddProduct', productId, uuid, name: 'camera', quantity: 3, at } as const;

  it('makes all of its pieces available', () => {
    given(productDecider).when(command).then(added(3));
  });

  it('is done once per id', () => {
    given(productDecider, added(3)).when(command).thenRejected('product_exists');
  });

  it('is possible on a stream where requests for the unknown product were rejected', () => {
    const line = alone;
    const refused = { productId, orderId, line, quantity: 1, availableQuantity: 0, at };
    given(productDecider, {
      type: 'StockRejected',
      data: { ...refused, reason: 'unknown_product' },
    })
      .when(command)
      .then(added(3));
  });
});

describe('a request for stock', () => {
  it('is rejected when the product is unknown', () => {
    given(productDecider)
      .when(reserve(1))
      .then({
        type: 'StockRejected',
        data: {
          ...{ productId, orderId, line: alone, quantity: 1, availableQuantity: 0, at: later },
          reason: 'unknown_product',
        },
      });
  });

  it('of a line that stands alone is sold at once', () => {
    given(productDecider, added(3))
      .when(reserve(2))
      .then({
        type: 'StockReserved',
        data: {
          ...{ productId, orderId, line: alone, quantity: 2, availableQuantity: 1, at: later },
          sold: true,
        },
      });
  });

  it('of one line among several is held', () => {
    given(productDecider, added(3))
      .when(reserve(3, second))
      .then({
        type: 'StockReserved',
        data: {
          ...{ productId, orderId, line: second, quantity: 3, availableQuantity: 0, at: later },
          sold: false,
        },
      });
  });

  it('for more than is available is rejected whole, and takes nothing', () => {
    given(productDecider, added(3), reserved(2, 1))
      .when({ ...reserve(2), orderId: otherOrderId })
      .then({
        type: 'StockRejected',
        data: {
          ...{ productId, orderId: otherOrderId, line: alone, quantity: 2 },
          ...{ availableQuantity: 1, at: later, reason: 'out_of_stock' },
        },
      });
  });
});

describe('the end of an order', () => {
  const settled = { productId, orderId, line: second, at: later };

  it('confirmed, makes what is held for it sold', () => {
    given(productDecider, added(3), reserved(2, 1))
      .when({ type: 'SellStock', ...settled })
      .then({ type: 'StockSold', data: { ...settled, quantity: 2, availableQuantity: 1 } });
  });

  it('rejected, gives back what is held for it', () => {
    given(productDecider, added(3), reserved(2, 1))
      .when({ type: 'ReleaseStock', ...settled })
      .then({ type: 'StockReleased', data: { ...settled, quantity: 2, availableQuantity: 3 } });
  });

  it('passes over a line that was sold at once', () => {
    const line = alone;
    const data = { productId, orderId, line, quantity: 1, availableQuantity: 2, at };
    given(productDecider, added(3), { type: 'StockReserved', data: { ...data, sold: true } })
      .when({ type: 'SellStock', productId, orderId, line, at: later })
      .then();
  });

  it('passes over a line that was rejected or never came', () => {
    given(productDecider, added(3))
      .when({ type: 'ReleaseStock', ...settled })
      .then();
    given(productDecider)
      .when({ type: 'SellStock', ...settled })
      .then();
  });

  it('settles a line once', () => {
    given(productDecider, added(3), reserved(2, 1), {
      type: 'StockReleased',
      data: { ...settled, quantity: 2, availableQuantity: 3 },
    })
      .when({ type: 'ReleaseStock', ...settled })
      .then();
  });
});

describe('a log that was not written by the decider', () => {
  it('is refused when an event takes more than there is', () => {
    const log = () => given(productDecider, added(1), reserved(2, 0)).when(reserve(1));
    expect(log).toThrow('breaks the stock of product 7');
  });

  it('is refused when a line is settled that is not held', () => {
    const data = { productId, orderId, line: second, quantity: 1, availableQuantity: 2, at };
    const log = () => given(productDecider, added(1), { type: 'StockReleased', data });
    expect(() => log().when(reserve(1))).toThrow('not held');
  });

  it('is refused when stock moves before the product was added', () => {
    expect(() => given(productDecider, reserved(1, 0)).when(reserve(1))).toThrow('never added');
  });
});
