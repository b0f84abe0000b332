// Events grown into records: which partition, which place, which predecessor; and how many go into one send.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { RecordedEvent } from '../eventstore/eventStore.ts';
import { comparePlaces, START, type Place } from './chain.ts';
import { serializeEnvelope, type OutboundMessage } from './envelope.ts';
import { partitionOf } from './murmur2.ts';
import type { RelayCursor } from './relayPositions.ts';
import type { OutgoingRecord } from './transport.ts';

/** kafkajs makes one record batch of all records of a partition in a send; the broker takes 1 MiB. */
export const MAX_PARTITION_BYTES = 256 * 1024;
/** Records in one send. */
export const MAX_SEND_RECORDS = 1_000;
/** What a record costs beside its key and value: its header, lengths, and deltas. */
const RECORD_OVERHEAD_BYTES = 100;

/** A record with the place that its message has in the log. */
export interface PlacedRecord extends OutgoingRecord {
  readonly place: Place;
}

/** What goes into one send. After it, all events up to `scannedPosition` were looked at. */
export interface SendBatch {
  readonly records: readonly PlacedRecord[];
  readonly scannedPosition: number;
}

/** How a service's events become messages; the number of a message among those of its event is its part. */
export type ToMessages<Event extends DomainEvent> = (
  recorded: RecordedEvent<Event>,
) => readonly OutboundMessage[];

/** What is needed to make a topic's records: who publishes, and up to where each partition was served. */
export interface RecordSource<Event extends DomainEvent> {
  /** The publishing service: the `source` of its messages. */
  readonly source: string;
  readonly toMessages: ToMessages<Event>;
  /** In the order of the partitions; their number is the topic's partition count. */
  readonly cursors: readonly RelayCursor[];
}

/**
 * Divides the messages of `events` (in log order) into sends. Messages that are not above their partition's cursor
 * were sent and are left out. A message's `prev` is what stands before it in its partition: its place and prev follow
 * from the log, so a resend carries the same. The last batch may have no records: then only the scan moved on.
 */
export function toSendBatches<Event extends DomainEvent>(
  events: readonly RecordedEvent<Event>[],
  from: RecordSource<Event>,
): readonly SendBatch[] {
  const batches: SendBatch[] = [];
  const last = new Map(from.cursors.map(({ partition, place }) => [partition, place]));
  let records: PlacedRecord[] = [];
  let bytes = new Map<number, number>();
  let scannedPosition = 0;
  for (const recorded of events) {
    for (const record of toRecords(recorded, from, last)) {
      const size = sizeOf(record);
      const filled = bytes.get(record.partition) ?? 0;
      const full = filled > 0 && filled + size > MAX_PARTITION_BYTES;
      if (full || records.length >= MAX_SEND_RECORDS) {
        // This event is not through: after a crash here it is looked at again, and what was sent of it is left out.
        batches.push({ records, scannedPosition: recorded.position - 1 });
        records = [];
        bytes = new Map();
      }
      records.push(record);
      bytes.set(record.partition, (bytes.get(record.partition) ?? 0) + size);
    }
    scannedPosition = recorded.position;
  }
  if (events.length > 0) batches.push({ records, scannedPosition });
  return batches;
}

function toRecords<Event extends DomainEvent>(
  recorded: RecordedEvent<Event>,
  { source, toMessages, cursors }: RecordSource<Event>,
  last: Map<number, Place>,
): readonly PlacedRecord[] {
  const { incarnation, position, metadata } = recorded;
  const records: PlacedRecord[] = [];
  for (const [part, message] of toMessages(recorded).entries()) {
    const place = { incarnation, position, part };
    const partition = partitionOf(message.key, cursors.length);
    const prev = last.get(partition) ?? START;
    if (comparePlaces(place, prev) <= 0) continue;
    last.set(partition, place);
    const value = serializeEnvelope(source, message, { place, prev }, metadata);
    records.push({ partition, key: message.key, value, place });
  }
  return records;
}

function sizeOf(record: OutgoingRecord): number {
  return Buffer.byteLength(record.key) + Buffer.byteLength(record.value) + RECORD_OVERHEAD_BYTES;
}

/** The cursors after a batch was sent. */
export function advanceCursors(
  cursors: readonly RelayCursor[],
  batch: SendBatch,
): readonly RelayCursor[] {
  const sent = new Map(batch.records.map(({ partition, place }) => [partition, place]));
  return cursors.map(({ partition, place, scannedPosition }) => ({
    partition,
    place: sent.get(partition) ?? place,
    scannedPosition: Math.max(scannedPosition, batch.scannedPosition),
  }));
}
