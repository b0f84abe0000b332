// Assigned partitions made ready: cursor first, then what Kafka has, then the place from which to read.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import type { GapWatch } from './gapWatch.ts';
import type { ParkedKeys } from './parkedKeys.ts';
import { adoptCursor, isStoredAt, type PartitionState } from './partitionState.ts';
import { startOffset } from './startOffset.ts';
import type { GroupConnection, MessageBroker } from './transport.ts';

/** What loading needs. */
export interface LoadDeps {
  readonly consumer: string;
  readonly store: Pick<EventStore<DomainEvent>, 'readCursors' | 'readParkedKeys'>;
  readonly broker: Pick<MessageBroker, 'readOffsets'>;
  readonly connection: Pick<GroupConnection, 'seek' | 'resume'>;
  readonly gaps: GapWatch;
  readonly parked: ParkedKeys;
  /** Drops all states of streams that are kept in memory. */
  readonly forget: () => void;
}

/**
 * Reads the cursors of the partitions, seeks and resumes them. Kafka's own committed offset plays no part: after a
 * wiped topic or a restored database it would skip messages without a word. Changes nothing if `isCurrent` turns
 * false meanwhile (the next assignment has come). Throws retryable AppErrors.
 */
export async function loadPartitions(
  deps: LoadDeps,
  states: readonly PartitionState[],
  isCurrent: () => boolean,
): Promise<void> {
  const { consumer, store, broker, connection, gaps, parked, forget } = deps;
  for (const [topic, those] of Map.groupBy(states, (state) => state.topic)) {
    const partitions = those.map(({ partition }) => partition);
    // The cursor comes before the streams (which are read when a message asks for them): read the other way round, a
    // commit between the two would leave an old state beside a new cursor, and the compare-and-set would not see it.
    const cursors = await store.readCursors(consumer, topic, partitions);
    const parkedKeys = await store.readParkedKeys(consumer, topic);
    // And before the offsets, so that a partition that ends before the cursor's offset has really lost its end.
    const offsets = await broker.readOffsets(topic);
    if (offsets === undefined)
      throw new AppError('topic_missing', `Topic ${topic} does not exist now`, { retryable: true });
    if (!isCurrent()) return;
    adoptParkedKeys(parked.current(), topic, parkedKeys);
    for (const state of those) {
      const cursor = cursors.find(({ partition }) => partition === state.partition);
      const available = offsets.get(state.partition);
      if (cursor === undefined || available === undefined)
        throw new AppError(
          'partition_missing',
          `${topic} has no partition ${state.partition} in ${available === undefined ? 'Kafka' : 'MySQL'}`,
          { retryable: true },
        );
      // Another owner was at work: the states that are kept may be older than its cursor. Where the cursor stands as we
      // left it nobody was, so what the other partitions have gathered is kept when one that waited comes back; the
      // settler itself drops it with each failed transaction.
      if (!isStoredAt(state, cursor)) forget();
      adoptCursor(state, cursor);
      const start = startOffset(state.nextOffset, available);
      state.readOffset = start.offset;
      if (start.loss !== undefined) gaps.noteLoss(state, start.loss);
      connection.seek(state, start.offset);
      state.phase = 'reading';
    }
  }
  connection.resume(states);
}

/**
 * Takes over what MySQL says of a topic's keys. Some may have been freed by a commit of ours whose answer was lost; one
 * that lands later still is found by the next look of whoever redrives (see redrive.ts).
 */
function adoptParkedKeys(keys: Set<string>, topic: string, found: ReadonlySet<string>): void {
  for (const key of keys) if (key.startsWith(`${topic}/`) && !found.has(key)) keys.delete(key);
  for (const key of found) keys.add(key);
}
