// What must hold for any history of commands: no oversell (P1), conservation (P2), the same decisions on replay (P5).
import fc from 'fast-check';
import { orderIdSchema, productIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { eventsOf, replay } from '@orderflow/shared/testing/given.ts';
import { productDecider, type ProductCommand } from '../src/domain/decideReservation.ts';
import type { ProductEvent, ProductState } from '../src/domain/product.ts';

const at = '2026-11-22T11:07:18.764Z';
const productId = productIdSchema.parse(1);
const orderIds = ['1', '2', '3', '4', '5'].map((last) =>
  orderIdSchema.parse(`0192f3a4-0000-7000-8000-00000000000${last}`),
);

const line = fc.constantFrom({ index: 0, of: 1 }, { index: 0, of: 2 }, { index: 1, of: 2 });
const orderId = fc.constantFrom(...orderIds);
const command: fc.Arbitrary<ProductCommand> = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map((quantity) => ({
    ...{ type: 'AddProduct' as const, productId, uuid: '5f0c1f52-4a52-4a6e-9f1e-3d5c7d0b9a11' },
    ...{ name: 'camera', quantity, at },
  })),
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('ReserveStock' as const),
      productId: fc.constant(productId),
      orderId,
      line,
      quantity: fc.integer({ min: 1, max: 12 }),
      at: fc.constant(at),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom('SellStock' as const, 'ReleaseStock' as const),
      productId: fc.constant(productId),
      orderId,
      line,
      at: fc.constant(at),
    }),
  },
);

/** One request a line, as the chain guarantees: a line that asked before does not ask again. */
function withoutRepeats(commands: readonly ProductCommand[]): readonly ProductCommand[] {
  const asked = new Set<string>();
  return commands.filter((each) => {
    if (each.type !== 'ReserveStock') return true;
    const key = `${each.orderId}/${each.line.index}`;
    if (asked.has(key)) return false;
    asked.add(key);
    return true;
  });
}

function run(commands: readonly ProductCommand[]): readonly ProductEvent[] {
  const log: ProductEvent[] = [];
  let state = productDecider.initialState;
  for (const each of commands) {
    const events = eventsOf(productDecider.decide(each, state));
    log.push(...events);
    state = events.reduce(productDecider.evolve, state);
  }
  return log;
}

/** The sums over the events alone, independent of `evolve`. */
function tally(log: readonly ProductEvent[]) {
  const sum = { added: 0, available: 0, held: 0, sold: 0 };
  for (const { type, data } of log) {
    if (type === 'ProductAdded') {
      sum.added += data.quantity;
      sum.available += data.quantity;
    } else if (type === 'StockReserved') {
      sum.available -= data.quantity;
      sum[data.sold ? 'sold' : 'held'] += data.quantity;
    } else if (type !== 'StockRejected') {
      sum.held -= data.quantity;
      sum[type === 'StockSold' ? 'sold' : 'available'] += data.quantity;
    }
  }
  return sum;
}

function figures(state: ProductState) {
  if (state.status === 'unknown') return { added: 0, available: 0, held: 0, sold: 0 };
  return {
    added: state.addedQuantity,
    available: state.availableQuantity,
    held: state.heldQuantity,
    sold: state.soldQuantity,
  };
}

const histories = fc.array(command, { maxLength: 60 }).map(withoutRepeats);

describe('for any history of commands', () => {
  it('no prefix of the stream takes more than was added', () => {
    fc.assert(
      fc.property(histories, (commands) => {
        const log = run(commands);
        for (let length = 1; length <= log.length; length++) {
          const { added, available, held, sold } = tally(log.slice(0, length));
          expect(available).toBeGreaterThanOrEqual(0);
          expect(held).toBeGreaterThanOrEqual(0);
          expect(held + sold).toBeLessThanOrEqual(added);
        }
      }),
    );
  });

  it('added = available + held + sold at every version, and the state says the same as the sums', () => {
    fc.assert(
      fc.property(histories, (commands) => {
        const log = run(commands);
        for (let length = 0; length <= log.length; length++) {
          const sums = tally(log.slice(0, length));
          expect(sums.added).toBe(sums.available + sums.held + sums.sold);
          expect(figures(replay(productDecider, log.slice(0, length)))).toEqual(sums);
        }
      }),
    );
  });

  it('every event says what is available after it', () => {
    fc.assert(
      fc.property(histories, (commands) => {
        const log = run(commands);
        for (const [index, event] of log.entries()) {
          if (event.type === 'ProductAdded') continue;
          expect(event.data.availableQuantity).toBe(tally(log.slice(0, index + 1)).available);
        }
      }),
    );
  });

  it('a request gets exactly one event, and a piece that is there is not refused', () => {
    fc.assert(
      fc.property(histories, (commands) => {
        let state = productDecider.initialState;
        for (const each of commands) {
          const events = eventsOf(productDecider.decide(each, state));
          if (each.type === 'ReserveStock') {
            expect(events).toHaveLength(1);
            const taken = events[0]?.type === 'StockReserved';
            expect(taken).toBe(
              state.status === 'listed' && state.availableQuantity >= each.quantity,
            );
          }
          state = events.reduce(productDecider.evolve, state);
        }
      }),
    );
  });

  it('the same commands give the same events when they are decided on the replayed log', () => {
    fc.assert(
      fc.property(histories, (commands) => {
        const log = run(commands);
        let version = 0;
        for (const each of commands) {
          const state = replay(productDecider, log.slice(0, version));
          const events = eventsOf(productDecider.decide(each, state));
          expect(events).toEqual(log.slice(version, version + events.length));
          version += events.length;
        }
        expect(version).toBe(log.length);
      }),
    );
  });

  it('what was held and is settled leaves nothing behind', () => {
    fc.assert(
      fc.property(histories, fc.constantFrom('SellStock', 'ReleaseStock'), (commands, type) => {
        let state = replay(productDecider, run(commands));
        for (const each of commands) {
          if (each.type !== 'ReserveStock') continue;
          const { orderId: id, line: held } = each;
          const settle = { type, productId, orderId: id, line: held, at } as const;
          state = eventsOf(productDecider.decide(settle, state)).reduce(
            productDecider.evolve,
            state,
          );
        }
        expect(figures(state).held).toBe(0);
      }),
    );
  });
});
