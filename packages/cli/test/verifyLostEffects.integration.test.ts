// The verifier on systems whose orders service never makes a message that it ought to: both logs and the topic agree then.
import type { ServiceParts } from '../src/serviceLogs.ts';
import { openAuditedShop } from './auditedShop.ts';

/** The second of several lines is never told of these events. */
const forgetSecondLine =
  (type: string) =>
  (parts: ServiceParts): ServiceParts => ({
    ...parts,
    orders: {
      ...parts.orders,
      toMessages: (recorded) =>
        parts.orders
          .toMessages(recorded)
          .filter((_message, index) => !(recorded.event.type === type && index === 1)),
    },
  });

// Some orders of three lines find stock for their second line, but not for another.
const size = { users: 2, products: 5, stock: 30, orders: 100 };

describe('An orders service that forgets to tell a line', () => {
  it.each([
    ['OrderRejected', 'line 1 is StockReserved and has no StockReleased'],
    ['OrderConfirmed', 'line 1 is StockReserved and has no StockSold'],
    ['OrderRequested', 'line 1 was never decided by inventory'],
  ])('of %s is named by what its logs lack', async (type, lack) => {
    const shop = await openAuditedShop(size, forgetSecondLine(type));
    try {
      const { findings, inFlight } = await shop.audit();
      expect(inFlight.messages).toEqual({
        ...{ 'orders → inventory': 0, 'inventory → orders': 0, 'users → orders': 0 },
      });
      expect(findings.breaches.length).toBeGreaterThan(0);
      for (const { promise, text } of findings.breaches) {
        expect(promise).toBe('P3');
        expect(text).toContain(lack);
      }
    } finally {
      await shop.drop();
    }
  });
});
