// What must hold for an order whatever inventory answers, in whatever order, how often: exactly one decision (P3).
import fc from 'fast-check';
import { orderIdSchema, productIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { eventsOf, replay } from '@orderflow/shared/testing/given.ts';
import { orderDecider, type OrderCommand } from '../src/domain/decideOrder.ts';
import type { OrderEvent } from '../src/domain/order.ts';
import { orderCodec } from '../src/eventCodec.ts';

const at = '2026-11-22T11:07:18.764Z';
const uuid = '5f0c1f52-4a52-4a6e-9f1e-3d5c7d0b9a11';
const orderId = orderIdSchema.parse('0192f3a4-0000-7000-8000-000000000001');
const userId = userIdSchema.parse(4);

function requestOf(lineCount: number): OrderCommand {
  const lines = Array.from({ length: lineCount }, (_, index) => ({
    productId: productIdSchema.parse(index + 1),
    quantity: index + 1,
  }));
  return { type: 'RequestOrder', orderId, userId, lines, requestHmac: 'a'.repeat(64), at };
}

function answer(lineCount: number): fc.Arbitrary<OrderCommand> {
  const lineIndex = fc.integer({ min: 0, max: lineCount - 1 });
  return fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(lineIndex, fc.nat(50)).map(([index, availableQuantity]) => ({
        ...{ type: 'RecordLineReserved' as const, lineIndex: index, availableQuantity },
        ...{ stockChangedAt: at, cartLineId: 1, cartLineUuid: uuid, at },
      })),
    },
    {
      weight: 1,
      arbitrary: lineIndex.map((index) => ({
        ...{ type: 'RecordLineRejected' as const, lineIndex: index },
        ...{ reason: 'out_of_stock' as const, at },
      })),
    },
  );
}

/** A request, any answers, and the request repeated among them. */
const histories = fc.integer({ min: 1, max: 4 }).chain((lineCount) =>
  fc
    .array(
      fc.oneof({ weight: 8, arbitrary: answer(lineCount) }, fc.constant(requestOf(lineCount))),
      {
        maxLength: 20,
      },
    )
    .map((answers) => ({ lineCount, commands: [requestOf(lineCount), ...answers] })),
);

function run(commands: readonly OrderCommand[]): readonly OrderEvent[] {
  const log: OrderEvent[] = [];
  for (const each of commands)
    log.push(...eventsOf(orderDecider.decide(each, replay(orderDecider, log))));
  return log;
}

const decisions = (log: readonly OrderEvent[]) =>
  log.filter(({ type }) => type === 'OrderConfirmed' || type === 'OrderRejected');

describe('for any answers from inventory', () => {
  it('an order is requested once and decided at most once, and nothing follows its decision', () => {
    fc.assert(
      fc.property(histories, ({ commands }) => {
        const log = run(commands);
        expect(log.filter(({ type }) => type === 'OrderRequested')).toHaveLength(1);
        expect(decisions(log).length).toBeLessThanOrEqual(1);
        if (decisions(log).length === 1) expect(log.at(-1)).toBe(decisions(log)[0]);
      }),
    );
  });

  it('the first refusal, or else the last missing line, decides', () => {
    fc.assert(
      fc.property(histories, ({ lineCount, commands }) => {
        const waiting = new Set(Array.from({ length: lineCount }, (_, index) => index));
        let expected: string | undefined;
        for (const each of commands) {
          if (each.type === 'RequestOrder' || !waiting.has(each.lineIndex)) continue;
          if (each.type === 'RecordLineRejected') expected ??= 'OrderRejected';
          else waiting.delete(each.lineIndex);
          if (waiting.size === 0) expected ??= 'OrderConfirmed';
        }
        expect(decisions(run(commands))[0]?.type).toBe(expected);
      }),
    );
  });

  it('a confirmed order names every line that was requested', () => {
    fc.assert(
      fc.property(histories, ({ lineCount, commands }) => {
        const [decision] = decisions(run(commands));
        if (decision?.type !== 'OrderConfirmed') return;
        expect(decision.data.lines.map((line) => line.quantity)).toEqual(
          Array.from({ length: lineCount }, (_, index) => index + 1),
        );
      }),
    );
  });

  it('events are read back from the log as they were written', () => {
    fc.assert(
      fc.property(histories, ({ commands }) => {
        for (const event of run(commands)) {
          const stored: unknown = JSON.parse(JSON.stringify(event.data));
          const version = orderCodec.schemaVersionOf(event.type);
          expect(orderCodec.parse(event.type, version, stored)).toEqual(event);
        }
      }),
    );
  });
});
