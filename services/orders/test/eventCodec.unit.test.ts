// Every schema version of an order's events that was ever written is still read.
import { orderCodec } from '../src/eventCodec.ts';

const requested = {
  orderId: '0192f3a4-0000-7000-8000-000000000001',
  userId: 4,
  lines: [{ productId: 7, quantity: 2 }],
  requestHmac: 'a'.repeat(64),
  at: '2026-11-22T11:07:18.764Z',
};

describe('OrderRequested', () => {
  it.each([1, 2])('is read as it was written in version %i', (version) => {
    expect(orderCodec.parse('OrderRequested', version, requested)).toEqual({
      type: 'OrderRequested',
      data: requested,
    });
  });

  it('is written in a version that keeps away builds which look for its row', () => {
    expect(orderCodec.schemaVersionOf('OrderRequested')).toBe(2);
    expect(() => orderCodec.parse('OrderRequested', 3, requested)).toThrow('schema version 3');
  });
});
