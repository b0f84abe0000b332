// The bugs that the checks must find, each planted alone.
import type { MemoryRelayPositions } from '@orderflow/shared/messaging/memoryRelayPositions.ts';
import type { RelayPositions } from '@orderflow/shared/messaging/relayPositions.ts';
import { forgetsParked, keepsCache, tellsBeforeCommit, trustsKafka } from './bugsOfMemory.ts';
import {
  assertsNothing,
  dropsCompareAndSet,
  movesCursorFirst,
  readsPastGaps,
} from './bugsOfSchema.ts';
import { acknowledgesEarly, forgetsParts, skipsChain } from './bugsOfWire.ts';
import type { PlantedBug } from './planting.ts';

/** All planted bugs, by name. */
export const BUGS: Readonly<Record<string, PlantedBug>> = {
  'read id > last': { schema: readsPastGaps },
  'skip the chain check': { broker: skipsChain },
  'drop the compare-and-set': { schema: dropsCompareAndSet },
  'trust the committed offset': { store: trustsKafka },
  'unfenced relay cursor': { positions: savesUnfenced },
  'a rewind that is not recorded': { positions: forgetsRewinds },
  'reuse positions in one incarnation': { keepsIncarnation: true },
  'publish before the commit': { store: tellsBeforeCommit('relay') },
  'wake a waiter before the commit': { store: tellsBeforeCommit('waiters') },
  'keep the cache after a lost partition': { store: keepsCache },
  'decide without asserting the version': { schema: assertsNothing },
  'take lines of one order for one message': { broker: forgetsParts },
  'park a message but not its followers': { store: forgetsParked },
  'acknowledge before the broker has it': { broker: acknowledgesEarly },
  'move the cursor before the work': { store: movesCursorFirst },
};

/** The leader writes its cursors whatever the epoch is by now. */
function savesUnfenced(positions: RelayPositions): RelayPositions {
  return {
    ...unbound(positions),
    async save(owner, leadership) {
      const now = await positions.reload(owner);
      // Another owner holds the lease: its epoch does as well.
      const epoch = now?.epoch ?? leadership.epoch;
      await positions.save(owner, { ...leadership, epoch });
      return true;
    },
  };
}

function forgetsRewinds(positions: RelayPositions): RelayPositions {
  return { ...unbound(positions), rewind: () => Promise.resolve() };
}

/** The methods as functions, so that they can be spread. */
function unbound(positions: RelayPositions | MemoryRelayPositions): RelayPositions {
  return {
    acquire: (...of) => positions.acquire(...of),
    reload: (...of) => positions.reload(...of),
    save: (...of) => positions.save(...of),
    release: (...of) => positions.release(...of),
    rewind: (...of) => positions.rewind(...of),
  };
}
