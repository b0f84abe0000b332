// Events grown into records: partition, place and predecessor follow from the log alone; sends are bounded.
import type { RecordedEvent } from '../../src/eventstore/eventStore.ts';
import { formatPlace, START } from '../../src/messaging/chain.ts';
import { parseEnvelope } from '../../src/messaging/envelope.ts';
import { partitionOf } from '../../src/messaging/murmur2.ts';
import {
  advanceCursors,
  MAX_PARTITION_BYTES,
  MAX_SEND_RECORDS,
  toSendBatches,
  type RecordSource,
} from '../../src/messaging/relayBatch.ts';
import type { RelayCursor } from '../../src/messaging/relayPositions.ts';
import { AT, madeToMessages, place, type Made } from './madeDomain.ts';

const PARTITIONS = 4;

function recorded(position: number, key: string, incarnation = 1): RecordedEvent<Made> {
  return {
    ...{ incarnation, position, streamId: `made-${key}`, version: 1, schemaVersion: 1, hash: '' },
    event: { type: 'Made', data: { at: AT, key, number: position } },
    metadata: { correlationId: 'correlation', causationId: 'cause' },
  };
}

const atStart: readonly RelayCursor[] = Array.from({ length: PARTITIONS }, (_, partition) => ({
  ...{ partition, place: START, scannedPosition: 0 },
}));

const source = (
  cursors = atStart,
  toMessages: RecordSource<Made>['toMessages'] = madeToMessages,
): RecordSource<Made> => ({ source: 'publisher', toMessages, cursors });

const log = (length: number, from = 1) =>
  Array.from({ length }, (_, index) => recorded(from + index, `key-${(from + index) % 7}`));

it('each message names its own place and that of the one before it in its partition', () => {
  const [batch, ...others] = toSendBatches(log(50), source());
  expect(others).toEqual([]);
  expect(batch?.scannedPosition).toBe(50);
  const last = new Map<number, string>();
  for (const record of batch?.records ?? []) {
    const message = parseEnvelope(record.value);
    expect(record.partition).toBe(partitionOf(message.key, PARTITIONS));
    expect(formatPlace(message.prev)).toBe(last.get(record.partition) ?? '0.0.0');
    last.set(record.partition, formatPlace(message.place));
  }
});

it('the messages of one event are numbered, and chained where they meet in a partition', () => {
  const twice: RecordSource<Made>['toMessages'] = (event) => [
    ...madeToMessages(event),
    ...madeToMessages(event),
  ];
  const [batch] = toSendBatches([recorded(7, 'a')], source(atStart, twice));
  const chain = (batch?.records ?? []).map(({ value }) => parseEnvelope(value));
  expect(chain.map((message) => formatPlace(message.place))).toEqual(['1.7.0', '1.7.1']);
  expect(chain.map((message) => formatPlace(message.prev))).toEqual(['0.0.0', '1.7.0']);
});

it('a resend from any earlier cursor carries the same bytes', () => {
  const all = toSendBatches(log(50), source()).flatMap(({ records }) => records);
  const first = toSendBatches(log(20), source());
  const cursors = first.reduce(advanceCursors, atStart);
  const resent = toSendBatches(log(50), source(cursors)).flatMap(({ records }) => records);
  expect(resent).toEqual(all.filter((record) => record.place.position > 20));
});

it('a partition that was rewound is sent again; the others are passed over', () => {
  const events = log(30);
  const sent = toSendBatches(events, source()).reduce(advanceCursors, atStart);
  const rewound = sent.map((cursor) =>
    cursor.partition === 1 ? { partition: 1, place: place('1.10.0'), scannedPosition: 9 } : cursor,
  );
  const records = toSendBatches(events.slice(9), source(rewound)).flatMap((b) => b.records);
  expect(records.length).toBeGreaterThan(0);
  for (const record of records) {
    expect(record.partition).toBe(1);
    expect(record.place.position).toBeGreaterThan(10);
  }
});

it('a send has a bounded size per partition and a bounded number of records', () => {
  const large: RecordSource<Made>['toMessages'] = ({ event }) => [
    {
      key: 'one',
      type: 'Made',
      schemaVersion: 1,
      data: { ...event.data, key: 'x'.repeat(50_000) },
    },
  ];
  const byBytes = toSendBatches(log(20), source(atStart, large));
  expect(byBytes.length).toBeGreaterThan(1);
  for (const { records } of byBytes) {
    const bytes = records.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0);
    expect(bytes).toBeLessThanOrEqual(MAX_PARTITION_BYTES);
  }
  const byCount = toSendBatches(log(2_500), source());
  expect(byCount.map(({ records }) => records.length)).toEqual([
    MAX_SEND_RECORDS,
    MAX_SEND_RECORDS,
    500,
  ]);
});

it('a send that ends within an event does not count that event as looked at', () => {
  const many: RecordSource<Made>['toMessages'] = (event) =>
    Array.from({ length: 600 }, (_, index) =>
      madeToMessages(event).map((message) => ({ ...message, key: `key-${index % 50}` })),
    ).flat();
  const batches = toSendBatches(log(2), source(atStart, many));
  expect(batches.map(({ scannedPosition }) => scannedPosition)).toEqual([1, 2]);
  // After a crash between the two, the rest of the second event is sent, and nothing of what was.
  const [first] = batches;
  const cursors = first === undefined ? atStart : advanceCursors(atStart, first);
  const rest = toSendBatches(log(2).slice(1), source(cursors, many)).flatMap((b) => b.records);
  expect(rest).toEqual(batches[1]?.records);
});

it('events without messages move the scan alone', () => {
  const none = toSendBatches(
    log(5),
    source(atStart, () => []),
  );
  expect(none).toEqual([{ records: [], scannedPosition: 5 }]);
  expect(toSendBatches([], source())).toEqual([]);
});
