// A link with more messages than it follows.
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import { Findings } from '../src/verify/findings.ts';
import { Link } from '../src/verify/link.ts';
import { ParkedBook } from '../src/verify/parkedBook.ts';

const place = (position: number) => ({ incarnation: 1, position, part: 0 });
const message = (position: number): InboundMessage => ({
  ...{ id: `orders/1.${position}.0`, source: 'orders', type: 'OrderRequested', schemaVersion: 1 },
  ...{ key: `${position}`, place: place(position), prev: place(position - 1) },
  ...{ correlationId: 'c', data: {} },
});

describe('A link that follows two messages at a time', () => {
  it('counts those beyond, and reads one of them again when it is answered', async () => {
    const findings = new Findings();
    const between = { publisher: 'orders', consumer: 'inventory' } as const;
    const effect = { type: 'StockRejected', data: { at: '2026-01-01T00:00:00.000Z' } };
    const link = new Link({
      ...{ ...between, topic: 'orders.v1', findings, limit: 2 },
      cursors: new Map([[0, place(9)]]),
      parked: new ParkedBook({ ...between, rows: [], since: 0, findings }),
      open: () => ({
        concernsStream: true,
        fold: () => undefined,
        anticipate: () => undefined,
        replay: () => Promise.resolve([effect]),
      }),
      lookUp: ({ position }) => Promise.resolve(message(position)),
      partitionOf: () => 0,
      onUnanswered: () => undefined,
    });
    for (const position of [1, 2, 3, 4]) link.send(message(position), 0, () => '');
    const choices = () => ({ at: '', cartLineId: 1, cartLineUuid: '' });
    for (const position of [1, 2, 4])
      expect(await link.answer(place(position), 'event', choices)).toBe(effect);
    await link.close();
    expect(link.unfollowed).toBe(2);
    expect(findings.breaches).toEqual([]);
  });
});
