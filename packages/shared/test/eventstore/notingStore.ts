// The store in memory, noting the batches that it is asked to commit.
import type { Unit } from '../../src/eventstore/eventStore.ts';
import { createMemoryEventStore } from '../../src/eventstore/memoryEventStore.ts';
import type { Projection } from '../../src/eventstore/projection.ts';
import {
  append,
  secretsTable,
  tallyCodec,
  uniqueKeys,
  type TallyEvent,
} from '../../src/testing/tallyDomain.ts';

/** A store that notes the batches it is asked to commit. */
export function openNotingStore(projections: readonly Projection<TallyEvent>[] = []) {
  const store = createMemoryEventStore<TallyEvent>({
    codec: tallyCodec,
    projections,
    tables: [secretsTable],
    uniqueKeys,
  });
  const batches: Unit<TallyEvent>[][] = [];
  return {
    batches,
    store: {
      ...store,
      commit(units: readonly Unit<TallyEvent>[]) {
        batches.push([...units]);
        return store.commit(units);
      },
    },
  };
}

/** A unit of one stream. */
export const unit = (
  streamId: string,
  expectedVersion = 0,
  ...events: TallyEvent[]
): Unit<TallyEvent> => ({
  streams: [append(streamId, expectedVersion, ...events)],
});

/** The streams that a batch appends to, in order. */
export const streamsOf = (batch: readonly Unit<TallyEvent>[]) =>
  batch.flatMap(({ streams }) => streams.map(({ streamId }) => streamId));
