// The relay's lease and cursors in memory, for unit tests and simulations: the same rules, a clock that can be given.
import { START } from './chain.ts';
import {
  LEASE_TTL_MS,
  rewoundCursor,
  type Leadership,
  type RelayCursor,
  type RelayPositions,
} from './relayPositions.ts';

/** Positions for a topic of `partitionCount` partitions; `now` in milliseconds. */
export function createMemoryRelayPositions(
  partitionCount: number,
  now: () => number = () => performance.now(),
): RelayPositions {
  const lease = { owner: '', epoch: 0, expiresAt: -Infinity };
  let cursors: readonly RelayCursor[] = Array.from({ length: partitionCount }, (_, partition) => ({
    partition,
    place: START,
    scannedPosition: 0,
  }));
  const renew = (): void => {
    lease.expiresAt = now() + LEASE_TTL_MS;
  };
  const leads = (owner: string, { epoch }: Leadership): boolean =>
    lease.owner === owner && lease.epoch === epoch;

  return {
    acquire(owner) {
      if (lease.owner !== owner && lease.expiresAt > now()) return Promise.resolve(undefined);
      lease.owner = owner;
      lease.epoch += 1;
      renew();
      return Promise.resolve({ epoch: lease.epoch, cursors });
    },
    reload(owner) {
      if (lease.owner !== owner) return Promise.resolve(undefined);
      renew();
      return Promise.resolve({ epoch: lease.epoch, cursors });
    },
    save(owner, leadership) {
      if (!leads(owner, leadership)) return Promise.resolve(false);
      cursors = leadership.cursors;
      renew();
      return Promise.resolve(true);
    },
    release(owner, leadership) {
      if (leads(owner, leadership)) {
        cursors = leadership.cursors;
        lease.owner = '';
        lease.expiresAt = -Infinity;
      }
      return Promise.resolve();
    },
    rewind(partition, place, headIncarnation) {
      cursors = cursors.map((cursor) =>
        cursor.partition === partition ? rewoundCursor(cursor, place, headIncarnation) : cursor,
      );
      lease.epoch += 1;
      return Promise.resolve();
    },
  };
}
