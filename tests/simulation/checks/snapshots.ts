// P5 for what is kept beside the log: a snapshot says what the events up to its version give.
import { inventoryParts } from '../../../services/inventory/src/app.ts';
import type { ProductEvent } from '../../../services/inventory/src/domain/product.ts';
import type { Shop } from '../shop.ts';

const { decider, stateCodec } = inventoryParts;

/** Every breach concerning snapshots, which only inventory has. */
export async function checkSnapshots({ databases }: Shop): Promise<readonly string[]> {
  const { store, memory } = databases.inventory;
  const events = memory.contents.log.map(({ recorded }) => recorded);
  const streams = Map.groupBy(events, ({ streamId }) => streamId);
  const snapshots = await store.readSnapshots([...streams.keys()], stateCodec.schemaVersion);
  return [...snapshots].flatMap(([streamId, { version, state: found }]) => {
    const stream = streams.get(streamId) ?? [];
    const expected = foldedText(stream.slice(0, version).map(({ event }) => event));
    if (found === expected) return [];
    return [`P5: the snapshot of ${streamId} at ${version} is ${found}, and should be ${expected}`];
  });
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
