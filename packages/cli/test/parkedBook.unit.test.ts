// Parked messages against the publisher's log: none may be overtaken, changed, or made up.
import { hash } from 'node:crypto';
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import { Findings } from '../src/verify/findings.ts';
import { Link } from '../src/verify/link.ts';
import { ParkedBook } from '../src/verify/parkedBook.ts';

const partition = 3;
const place = (position: number) => ({ incarnation: 1, position, part: 0 });
const message = (position: number, key = '7'): InboundMessage => ({
  ...{
    id: `orders/1.${position}.0`,
    source: 'orders',
    type: 'OrderRequested',
    schemaVersion: 1,
    key,
  },
  ...{ place: place(position), prev: place(position - 1), correlationId: 'c', data: {} },
});
const valueOf = (position: number) => `value ${position}`;
const parkedRow = (position: number) => ({
  ...{ topic: 'orders.v1', partition, key: '7', reason: 'it failed', place: place(position) },
  valueHash: hash('sha256', valueOf(position), 'hex'),
});

/** The breaches of a consumer that has parked these, and stands at position 9, after these messages of the log. */
async function faultsOf(
  rows: readonly ReturnType<typeof parkedRow>[],
  sent: readonly InboundMessage[],
  since = 0,
) {
  const findings = new Findings();
  const between = { publisher: 'orders', consumer: 'inventory' } as const;
  const link = new Link({
    ...{ ...between, topic: 'orders.v1', findings },
    cursors: new Map([[partition, place(9)]]),
    parked: new ParkedBook({ ...between, rows, since, findings }),
    open: () => undefined,
    lookUp: () => Promise.resolve(undefined),
    partitionOf: () => partition,
    onUnanswered: () => undefined,
  });
  for (const each of sent) link.send(each, partition, () => valueOf(each.place.position));
  await link.close();
  return findings.breaches.map(({ promise, text }) => `${promise}: ${text}`);
}

describe('A parked message', () => {
  it('is no breach while all behind it of its key are parked, handled before, or not read yet', async () => {
    const sent = [message(4), message(5), message(6, '8'), message(7), message(12)];
    expect(await faultsOf([parkedRow(5), parkedRow(7)], sent)).toEqual([]);
  });

  it('must not be overtaken by one of its key', async () => {
    expect(await faultsOf([parkedRow(5)], [message(5), message(7)])).toEqual([
      'P4: message orders/1.7.0 (OrderRequested, key 7) was handled by inventory, though orders/1.5.0, which stands before it under its key, is parked',
    ]);
    expect(await faultsOf([parkedRow(5)], [message(7)], 6)).toHaveLength(1);
  });

  it('must be what the log makes of it', async () => {
    const changed = { ...parkedRow(5), valueHash: '00' };
    expect(await faultsOf([changed], [message(5)])).toEqual([
      'P9: message orders/1.5.0 (OrderRequested, key 7), as inventory has parked it, is not what the log makes of it: value 5',
    ]);
    expect(await faultsOf([{ ...parkedRow(5), partition: 4 }], [message(5)])).toHaveLength(1);
    expect(await faultsOf([{ ...parkedRow(5), key: '6' }], [message(5)])).toHaveLength(1);
  });

  it('must be in the log, unless it is a record that could not be read', async () => {
    expect(await faultsOf([parkedRow(5)], [message(4)])).toEqual([
      'P9: inventory has parked orders/1.5.0 of key 7, which is not in the log of orders',
    ]);
    const unreadable = { ...parkedRow(5), place: { ...place(5), incarnation: 0 } };
    expect(await faultsOf([unreadable], [message(4)])).toEqual([]);
  });
});
