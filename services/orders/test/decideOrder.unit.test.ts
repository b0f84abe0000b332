// The rules of an order, one sentence each.
import { orderIdSchema, productIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { given } from '@orderflow/shared/testing/given.ts';
import { orderDecider, sumLines, type RequestOrder } from '../src/domain/decideOrder.ts';
import type { LineReservation, OrderEvent } from '../src/domain/order.ts';

const at = '2026-11-22T11:07:18.764Z';
const later = '2026-11-22T11:07:19.001Z';
const orderId = orderIdSchema.parse('0192f3a4-0000-7000-8000-000000000001');
const userId = userIdSchema.parse(4);
const camera = { productId: productIdSchema.parse(7), quantity: 2 };
const lens = { productId: productIdSchema.parse(9), quantity: 1 };
const requestHmac = 'a'.repeat(64);

function requested(...lines: (typeof camera)[]): OrderEvent {
  return { type: 'OrderRequested', data: { orderId, userId, lines, requestHmac, at } };
}

function reservation(availableQuantity: number): LineReservation {
  return {
    ...{ availableQuantity, stockChangedAt: at, cartLineId: 31 + availableQuantity },
    cartLineUuid: '5f0c1f52-4a52-4a6e-9f1e-3d5c7d0b9a11',
  };
}

function lineReserved(lineIndex: number): OrderEvent {
  const data = { orderId, lineIndex, ...reservation(lineIndex), at };
  return { type: 'OrderLineReserved', data };
}

function confirmed(): OrderEvent {
  const lines = [{ ...camera, ...reservation(0) }];
  return { type: 'OrderConfirmed', data: { orderId, userId, lines, at } };
}

function rejected(): OrderEvent {
  const data = { orderId, userId, lines: [camera], rejectedLineIndex: 0, at };
  return { type: 'OrderRejected', data: { ...data, reason: 'out_of_stock' } };
}

const request: RequestOrder = {
  ...{ type: 'RequestOrder' as const, orderId, userId, lines: [camera], requestHmac, at },
};
const reserve = (lineIndex: number) =>
  ({ type: 'RecordLineReserved', lineIndex, ...reservation(lineIndex), at: later }) as const;
const refuse = (lineIndex: number) =>
  ({ type: 'RecordLineRejected', lineIndex, reason: 'out_of_stock', at: later }) as const;

describe('requesting an order', () => {
  it('starts it', () => {
    given(orderDecider).when(request).then(requested(camera));
  });

  it('again changes nothing, whatever became of it', () => {
    given(orderDecider, requested(camera)).when(request).then();
    given(orderDecider, requested(camera), confirmed()).when(request).then();
    given(orderDecider, requested(camera), rejected()).when(request).then();
  });

  it('with another body under the same id is refused', () => {
    given(orderDecider, requested(camera), confirmed())
      .when({ ...request, requestHmac: 'b'.repeat(64) })
      .thenRejected('id_taken_by_another_request');
  });

  it('names each product once, in the order of the request', () => {
    const more = { ...camera, quantity: 3 };
    expect(sumLines([camera, lens, more])).toEqual([{ ...camera, quantity: 5 }, lens]);
  });
});

describe('an order of one line', () => {
  it('is confirmed when the line is reserved', () => {
    given(orderDecider, requested(camera))
      .when(reserve(0))
      .then({
        type: 'OrderConfirmed',
        data: { orderId, userId, lines: [{ ...camera, ...reservation(0) }], at: later },
      });
  });

  it('is rejected when the line is', () => {
    given(orderDecider, requested(camera))
      .when(refuse(0))
      .then({
        type: 'OrderRejected',
        data: {
          ...{ orderId, userId, lines: [camera], rejectedLineIndex: 0 },
          ...{ reason: 'out_of_stock', at: later },
        },
      });
  });

  it('is decided once: what comes late or twice changes nothing', () => {
    for (const decided of [confirmed(), rejected()]) {
      given(orderDecider, requested(camera), decided).when(reserve(0)).then();
      given(orderDecider, requested(camera), decided).when(refuse(0)).then();
    }
  });

  it('that nobody has requested is not decided', () => {
    given(orderDecider).when(reserve(0)).then();
    given(orderDecider).when(refuse(0)).then();
  });
});

describe('an order of several lines', () => {
  it('records each line, in whatever order they come', () => {
    const data = { orderId, lineIndex: 1, ...reservation(1), at: later };
    given(orderDecider, requested(camera, lens))
      .when(reserve(1))
      .then({ type: 'OrderLineReserved', data });
  });

  it('is confirmed with the last line, and says of each what was reserved', () => {
    const lines = [
      { ...camera, ...reservation(0) },
      { ...lens, ...reservation(1) },
    ];
    given(orderDecider, requested(camera, lens), lineReserved(1))
      .when(reserve(0))
      .then({ type: 'OrderConfirmed', data: { orderId, userId, lines, at: later } });
  });

  it('does not take one line for two', () => {
    given(orderDecider, requested(camera, lens), lineReserved(1)).when(reserve(1)).then();
  });

  it('is rejected whole with the first line that is', () => {
    given(orderDecider, requested(camera, lens), lineReserved(0))
      .when(refuse(1))
      .then({
        type: 'OrderRejected',
        data: {
          ...{ orderId, userId, lines: [camera, lens], rejectedLineIndex: 1 },
          ...{ reason: 'out_of_stock', at: later },
        },
      });
  });

  it('has no line beyond its last', () => {
    expect(() => given(orderDecider, requested(camera, lens)).when(reserve(2))).toThrow(
      'has no line 2',
    );
  });
});

describe('a log that was not written by the decider', () => {
  it('is refused when an order is requested or decided twice', () => {
    const log =
      (...events: OrderEvent[]) =>
      () =>
        given(orderDecider, ...events).when(reserve(0));
    expect(log(requested(camera), requested(camera))).toThrow('requested twice');
    expect(log(requested(camera), confirmed(), rejected())).toThrow('which is confirmed');
    expect(log(confirmed())).toThrow('which is absent');
  });
});
