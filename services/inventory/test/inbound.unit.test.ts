// What inventory makes of orders' messages, and for which of them it looks at the stock at all.
import { orderIdSchema, productIdSchema } from '@orderflow/shared/contracts/ids.ts';
import type { OrdersMessage } from '@orderflow/shared/contracts/orders.ts';
import { initialProduct } from '../src/domain/product.ts';
import { createReactions } from '../src/messaging/inbound.ts';

const reactions = createReactions({ now: () => '2026-11-22T11:07:19.000Z' });

const ofLine = (of: number) => ({
  orderId: orderIdSchema.parse('0192f3a4-0000-7000-8000-000000000001'),
  productId: productIdSchema.parse(7),
  line: { index: 0, of },
  quantity: 1,
  at: '2026-11-22T11:07:18.764Z',
});

const confirmed = (of: number): OrdersMessage => ({ type: 'OrderConfirmed', data: ofLine(of) });

describe('A confirmation', () => {
  it('of a line that stands alone is passed over: it reads no stream and asserts nothing', async () => {
    const fact = confirmed(1);
    expect(reactions.streamsOf?.(fact)).toEqual([]);
    const load = () => Promise.reject(new Error('the stock was looked at'));
    expect(await reactions.react(fact, load)).toEqual([]);
  });

  it('of one line among several is decided on its product’s stream', async () => {
    const fact = confirmed(2);
    expect(reactions.streamsOf?.(fact)).toEqual(['product-7']);
    const decisions = await reactions.react(fact, () => Promise.resolve(initialProduct));
    expect(decisions).toEqual([{ streamId: 'product-7', events: [] }]);
  });
});

describe('A parked message that is given up', () => {
  const load = () => Promise.resolve(initialProduct);

  it('is rejected if it is a request, so that its order is decided', async () => {
    const dropped = await reactions.drop?.({ type: 'OrderRequested', data: ofLine(1) }, load);
    const data = {
      ...{ ...ofLine(1), availableQuantity: 0, reason: 'request_dropped' },
      at: '2026-11-22T11:07:19.000Z',
    };
    expect(dropped).toEqual([{ streamId: 'product-7', events: [{ type: 'StockRejected', data }] }]);
  });

  it.each(['OrderConfirmed', 'OrderRejected'] as const)(
    'is not given up if it is an %s: the stock of its order would stay held',
    async (type) => {
      const data = { ...ofLine(2), reason: 'out_of_stock' as const };
      await expect(reactions.drop?.({ type, data }, load)).rejects.toThrow(/would stay held/);
    },
  );
});
