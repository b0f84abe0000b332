// What orders tells the others, and what it does about what they tell.
import { orderIdSchema, productIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { ordersMessageSchemas } from '@orderflow/shared/contracts/orders.ts';
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import { START } from '@orderflow/shared/messaging/chain.ts';
import type { OrderEvent, OrderState } from '../src/domain/order.ts';
import { createReactions } from '../src/messaging/inbound.ts';
import { toMessages } from '../src/messaging/outbound.ts';

const at = '2026-11-22T11:07:18.764Z';
const now = '2026-11-22T11:07:19.000Z';
const uuid = '5f0c1f52-4a52-4a6e-9f1e-3d5c7d0b9a11';
const orderId = orderIdSchema.parse('0192f3a4-0000-7000-8000-000000000001');
const userId = userIdSchema.parse(4);
const lines = [
  { productId: productIdSchema.parse(7), quantity: 2 },
  { productId: productIdSchema.parse(9), quantity: 1 },
];
const requested: OrderEvent = {
  type: 'OrderRequested',
  data: { orderId, userId, lines, requestHmac: 'a'.repeat(64), at },
};

function messagesOf(event: OrderEvent) {
  return toMessages({
    ...{ incarnation: 1, position: 1, streamId: `order-${orderId}`, version: 1, event },
    ...{ schemaVersion: 1, hash: '', metadata: { correlationId: 'c', causationId: 'c' } },
  });
}

describe('orders.v1', () => {
  it('has one message a line, keyed by its product, that says which line of how many', () => {
    const messages = messagesOf(requested);
    expect(messages.map(({ key }) => key)).toEqual(['7', '9']);
    expect(messages[1]?.data).toEqual({
      ...{ orderId, productId: 9, line: { index: 1, of: 2 }, quantity: 1, at },
    });
  });

  it('tells all lines that the order was rejected, and why, and keeps to its contract', () => {
    const rejected: OrderEvent = {
      type: 'OrderRejected',
      data: { orderId, userId, lines, rejectedLineIndex: 1, reason: 'out_of_stock', at },
    };
    const reservation = {
      ...{ availableQuantity: 1, stockChangedAt: at, cartLineId: 1, cartLineUuid: uuid },
    };
    const confirmed: OrderEvent = {
      type: 'OrderConfirmed',
      data: { orderId, userId, lines: lines.map((line) => ({ ...line, ...reservation })), at },
    };
    for (const event of [requested, rejected, confirmed]) {
      const messages = messagesOf(event);
      expect(messages).toHaveLength(2);
      for (const { type, data } of messages) {
        const versions = ordersMessageSchemas[type as keyof typeof ordersMessageSchemas];
        expect(versions.parse(versions.current, data)).toEqual(data);
      }
    }
    expect(messagesOf(rejected)[0]?.data).toMatchObject({ reason: 'out_of_stock' });
  });

  it('says nothing of a single line: inventory said so itself', () => {
    const data = { orderId, lineIndex: 0, availableQuantity: 1, stockChangedAt: at, at };
    const ids = { cartLineId: 1, cartLineUuid: uuid };
    expect(messagesOf({ type: 'OrderLineReserved', data: { ...data, ...ids } })).toEqual([]);
  });
});

describe('a message to orders', () => {
  const reactions = createReactions({
    now: () => now,
    nextCartLineId: () => Promise.resolve(31),
    newUuid: () => uuid,
  });
  const order: OrderState = {
    ...{ status: 'requested', orderId, userId, lines: lines.slice(0, 1) },
    ...{ requestHmac: 'a'.repeat(64), reservations: [undefined] },
  };
  const lineDecision = {
    ...{ productId: 7, orderId, line: { index: 0, of: 1 }, quantity: 2, availableQuantity: 5, at },
  };

  function message(type: string, data: unknown, schemaVersion = 1): InboundMessage {
    return {
      ...{ id: 'inventory/1.1.0', source: 'inventory', type, schemaVersion, key: '7', data },
      ...{ place: START, prev: START, correlationId: 'c' },
    };
  }

  async function reactTo(type: string, data: unknown, state: OrderState) {
    const fact = reactions.parse(message(type, data));
    if (fact === undefined) throw new Error(`${type} was passed over`);
    return reactions.react(fact, () => Promise.resolve(state));
  }

  it('that stock is reserved confirms the order, with the time of inventory and of its own', async () => {
    const [decision] = await reactTo('StockReserved', { ...lineDecision, sold: true }, order);
    expect(decision?.streamId).toBe(`order-${orderId}`);
    expect(decision?.events).toMatchObject([
      {
        type: 'OrderConfirmed',
        data: {
          at: now,
          lines: [{ availableQuantity: 5, stockChangedAt: at, cartLineId: 31, cartLineUuid: uuid }],
        },
      },
    ]);
  });

  it('that it is not rejects the order', async () => {
    const data = { ...lineDecision, reason: 'unknown_product' };
    const [decision] = await reactTo('StockRejected', data, order);
    expect(decision?.events).toMatchObject([
      { type: 'OrderRejected', data: { reason: 'unknown_product', rejectedLineIndex: 0, at: now } },
    ]);
  });

  it('about a product or a user decides nothing', async () => {
    const product = { productId: 7, uuid, name: 'camera', quantity: 3, at };
    expect(await reactTo('ProductAdded', product, order)).toEqual([]);
    expect(await reactTo('StockSold', lineDecision, order)).toEqual([]);
    expect(await reactTo('UserRegistered', { userId: 4, at }, order)).toEqual([]);
  });

  it('of a type that nobody here knows is passed over; a broken one is poison; a newer one waits', () => {
    expect(reactions.parse(message('ProductRestocked', {}))).toBeUndefined();
    expect(reactions.parse(message('toString', {}))).toBeUndefined();
    expect(() => reactions.parse(message('StockReserved', { orderId }))).toThrow('productId');
    expect(() => reactions.parse(message('StockSold', lineDecision, 2))).toThrow(
      'schema version 2',
    );
  });
});
