// Assigned partitions made ready: cursor first, then what Kafka has, then the place from which to read.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import type { GapWatch } from './gapWatch.ts';
import type { ParkedKeys } from './parkedKeys.ts';
import { adoptCursor, type PartitionState } from './partitionState.ts';
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
  const { consumer, store, broker, connection, gaps, parked } = deps;
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
    for (const key of parkedKeys) parked.current().add(key);
    for (const state of those) {
      const cursor = cursors.find(({ partition }) => partition === state.partition);
      const available = offsets.get(state.partition);
      if (cursor === undefined || available === undefined)
        throw new AppError(
          'partition_missing',
          `${topic} has no partition ${state.partition} in ${available === undefined ? 'Kafka' : 'MySQL'}`,
          { retryable: true },
        );
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
