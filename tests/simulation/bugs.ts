// The bugs that the checks must find, each planted alone.
import type { MemoryRelayPositions } from '@orderflow/shared/messaging/memoryRelayPositions.ts';
import type { RelayPositions } from '@orderflow/shared/messaging/relayPositions.ts';
import { forgetsParked, keepsCache, tellsBeforeCommit, trustsKafka } from './bugsOfMemory.ts';
import { dropsSilently, freesKeysEarly, refusesDrops, removesParkedFirst } from './bugsOfParked.ts';
import {
  assertsNothing,
  dropsCompareAndSet,
  movesCursorFirst,
  readsPastGaps,
} from './bugsOfSchema.ts';
import {
  believesSnapshots,
  misnamesSnapshots,
  readsNothingBehindSnapshots,
  runsAheadOfSnapshots,
} from './bugsOfSnapshots.ts';
import { acknowledgesEarly, forgetsParts, skipsChain } from './bugsOfWire.ts';
import type { WantedBug } from './planting.ts';

/** A message was never handled: its decision is missing, its order waits, or its row. */
const PASSED_OVER =
  /^P4\/P5: product|^P3: order \S+ is undecided|^P6: orders\.products lacks a row/;
/** Kafka was given something else than what came to be. */
const NOT_AS_LOGGED = /^P9: \S+ holds another \S+ than the log/;

/** All planted bugs, by name, each with what it breaks. */
export const BUGS: Readonly<Record<string, WantedBug>> = {
  'read id > last': { schema: readsPastGaps, caughtBy: /^P9: \S+ holds \S+ behind / },
  'skip the chain check': { broker: skipsChain, caughtBy: PASSED_OVER },
  'drop the compare-and-set': { schema: dropsCompareAndSet, caughtBy: /^P4\/P5: product/ },
  'trust the committed offset': { store: trustsKafka, caughtBy: PASSED_OVER },
  'unfenced relay cursor': {
    positions: savesUnfenced,
    caughtBy: /^P9: the relay of \S+ passes over/,
  },
  'a rewind that is not recorded': { positions: forgetsRewinds, caughtBy: /^P9: not refilled/ },
  'reuse positions in one incarnation': { keepsIncarnation: true, caughtBy: NOT_AS_LOGGED },
  'publish before the commit': { store: tellsBeforeCommit('relay'), caughtBy: NOT_AS_LOGGED },
  'wake a waiter before the commit': {
    store: tellsBeforeCommit('waiters'),
    caughtBy: /^P3: order \S+ was answered/,
  },
  'keep the cache after a lost partition': {
    store: keepsCache,
    caughtBy: /^No rest after \d+ ms: inventory is at/,
  },
  'decide without asserting the version': {
    schema: assertsNothing,
    caughtBy: /^P3: order \S+ goes through/,
  },
  'take lines of one order for one message': {
    broker: forgetsParts,
    caughtBy: /^P4\/P5: product/,
  },
  'park a message but not its followers': {
    store: forgetsParked,
    caughtBy: /^(orders|inventory) has parked/,
  },
  'acknowledge before the broker has it': {
    broker: acknowledgesEarly,
    caughtBy: /^A complaint without cause: .*"gap: /,
  },
  'move the cursor before the work': { store: movesCursorFirst, caughtBy: PASSED_OVER },
  'remove the parked row before the effect': { store: removesParkedFirst, caughtBy: PASSED_OVER },
  'free a key while messages of it are parked': {
    store: freesKeysEarly,
    caughtBy: /^(orders|inventory) has parked|^P4\/P5: product/,
  },
  'drop a message without telling': {
    store: dropsSilently,
    caughtBy: /^P4\/P5: product .* and should be StockRejected .* request_dropped$/,
  },
  'refuse every drop': {
    store: refusesDrops,
    caughtBy: /^A complaint without cause: .*"not dropped: TypeError: /,
  },
  'load a snapshot without what follows it': {
    store: readsNothingBehindSnapshots,
    caughtBy: /^P4\/P5: product/,
  },
  'believe a snapshot that the log does not': {
    store: believesSnapshots,
    caughtBy: /^No rest after \d+ ms: inventory is at/,
  },
  'a snapshot ahead of the event it stands on': {
    store: runsAheadOfSnapshots,
    caughtBy: /^P6: the snapshot of \S+ at \d+ is /,
  },
  'a snapshot under a wrong hash': {
    store: misnamesSnapshots,
    caughtBy: /^P6: the snapshot of \S+ at \d+ stands on /,
  },
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
