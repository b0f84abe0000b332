// What a consumer knows of one partition that it was given.
import type { Cursor } from '../eventstore/eventStore.ts';
import { comparePlaces, START, type LogHistory, type Place } from './chain.ts';
import type { TopicPartition } from './transport.ts';

/**
 * loading: cursor and offsets are being read, nothing is handled. reading: messages are handled. waiting: something
 * outside failed; the partition is paused and comes back by a timer. lost: another owner has moved the cursor.
 */
export type Phase = 'loading' | 'reading' | 'waiting' | 'lost';

/** One assigned partition. It lives from one assignment to the next, and is changed by the consumer's loop alone. */
export interface PartitionState extends TopicPartition {
  phase: Phase;
  /** The cursor as MySQL has it, to our knowledge: what a compare-and-set compares with. */
  stored: Cursor;
  /** The message handled last. Ahead of `stored` by messages that were passed over without a commit. */
  place: Place;
  /** Where to read after a restart: behind the message handled last. Stays where it is while a gap is open. */
  nextOffset: bigint;
  /** Where Kafka is read next; ahead of `nextOffset` by what a gap has dropped. */
  readOffset: bigint;
  /** Failures in a row: how long the next pause is. */
  failures: number;
  /** Of the publisher's log; undefined where it was never restored. */
  history: LogHistory | undefined;
}

/** How far one partition is in memory: the part of its state that a batch moves. */
export type Progress = Pick<PartitionState, 'place' | 'nextOffset' | 'readOffset'>;

/** A partition that was just assigned: nothing is known of it yet. */
export function assignedPartition({ topic, partition }: TopicPartition): PartitionState {
  return {
    topic,
    partition,
    phase: 'loading',
    stored: { topic, partition, place: START, nextOffset: '0' },
    place: START,
    nextOffset: 0n,
    readOffset: 0n,
    failures: 0,
    history: undefined,
  };
}

/** Takes over what MySQL says; what was passed over since is forgotten, and must be read again. */
export function adoptCursor(state: PartitionState, cursor: Cursor): void {
  state.stored = cursor;
  state.place = cursor.place;
  state.nextOffset = BigInt(cursor.nextOffset);
  state.history = cursor.history;
}

/** True if MySQL has the cursor where this process put it, or found it, last. */
export function isStoredAt({ stored }: PartitionState, cursor: Cursor | undefined): boolean {
  if (cursor?.nextOffset !== stored.nextOffset) return false;
  return comparePlaces(cursor.place, stored.place) === 0;
}

/** True if MySQL does not know yet how far this partition is. */
export function isAheadOfStore(state: PartitionState): boolean {
  return (
    comparePlaces(state.place, state.stored.place) !== 0 ||
    String(state.nextOffset) !== state.stored.nextOffset
  );
}

/** `topic/partition`: the key of a partition in maps and logs. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** The order in which partitions are decided and their cursors locked. */
export function comparePartitions(a: TopicPartition, b: TopicPartition): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition;
}

/** Partitions as lists of numbers, by topic. */
export function partitionsByTopic(
  partitions: readonly TopicPartition[],
): { topic: string; partitions: number[] }[] {
  const topics = Map.groupBy(partitions, ({ topic }) => topic);
  return [...topics].map(([topic, those]) => ({
    topic,
    partitions: those.map(({ partition }) => partition),
  }));
}
