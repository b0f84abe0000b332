// P6 for what is kept beside the log: a snapshot stands on an event of it, and says what the events up to that one give.
import type { RecordedEvent } from '@orderflow/shared/eventstore/eventStore.ts';
import type { SnapshotRow } from '@orderflow/shared/eventstore/memoryStreams.ts';
import { inventoryParts } from '../../../services/inventory/src/app.ts';
import type { ProductEvent } from '../../../services/inventory/src/domain/product.ts';
import type { Shop } from '../shop.ts';

const { decider, stateCodec } = inventoryParts;

/**
 * Every breach concerning snapshots, which only inventory has. The rows as they stand: who loads them passes over what does
 * not match the log, and so would a check, if all of them were wrong.
 */
export function checkSnapshots({ databases: { inventory } }: Shop): readonly string[] {
  const events = inventory.memory.contents.log.map(({ recorded }) => recorded);
  const streams = Map.groupBy(events, ({ streamId }) => streamId);
  return [...inventory.store.snapshots()].flatMap(([streamId, row]) => {
    const wrong = whatIsWrong(row, streams.get(streamId) ?? [], inventory.wasRestored);
    if (wrong === undefined) return [];
    return [`P6: the snapshot of ${streamId} at ${row.snapshot.version} ${wrong}`];
  });
}

function whatIsWrong(
  { snapshot, stateSchemaVersion }: SnapshotRow,
  stream: readonly RecordedEvent<ProductEvent>[],
  wasRestored: boolean,
): string | undefined {
  const { version, hash, state: found } = snapshot;
  if (stateSchemaVersion !== stateCodec.schemaVersion)
    return `is of schema version ${stateSchemaVersion}`;
  const there = stream[version - 1]?.hash;
  if (there !== hash) {
    // A restore keeps the snapshots of what the log has lost with its end: nobody loads them any more.
    return wasRestored ? undefined : `stands on ${hash}, and the log has ${there ?? 'nothing'}`;
  }
  const expected = foldedText(stream.slice(0, version).map(({ event }) => event));
  return found === expected ? undefined : `is ${found}, and should be ${expected}`;
}

/** The state as a snapshot would have it; or why there is none, in a log that contradicts itself. */
function foldedText(events: readonly ProductEvent[]): string {
  const { evolve, initialState } = decider;
  try {
    return stateCodec.serialize(
      events.reduce((state, event) => evolve(state, event), initialState),
    );
  } catch (error) {
    return String(error);
  }
}
