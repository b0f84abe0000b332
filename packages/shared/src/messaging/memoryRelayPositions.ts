// The relay's lease and cursors in memory, for unit tests and simulations: the same rules, a clock that can be given.
import { START, type Place } from './chain.ts';
import {
  LEASE_TTL_MS,
  rewoundCursor,
  type Leadership,
  type RelayCursor,
  type RelayPositions,
} from './relayPositions.ts';

/** Positions for a topic of `partitionCount` partitions; `now` in milliseconds. */
export class MemoryRelayPositions implements RelayPositions {
  readonly #now: () => number;
  readonly #lease = { owner: '', epoch: 0, expiresAt: -Infinity };
  #cursors: readonly RelayCursor[];

  constructor(partitionCount: number, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#cursors = Array.from({ length: partitionCount }, (_, partition) => ({
      partition,
      place: START,
      scannedPosition: 0,
    }));
  }

  /** As they are stored now. */
  get cursors(): readonly RelayCursor[] {
    return this.#cursors;
  }

  acquire(owner: string): Promise<Leadership | undefined> {
    const lease = this.#lease;
    if (lease.owner !== owner && lease.expiresAt > this.#now()) return Promise.resolve(undefined);
    lease.owner = owner;
    lease.epoch += 1;
    return this.reload(owner);
  }

  reload(owner: string): Promise<Leadership | undefined> {
    if (this.#lease.owner !== owner) return Promise.resolve(undefined);
    this.#lease.expiresAt = this.#now() + LEASE_TTL_MS;
    return Promise.resolve({ epoch: this.#lease.epoch, cursors: this.#cursors });
  }

  save(owner: string, leadership: Leadership): Promise<boolean> {
    if (!this.#leads(owner, leadership)) return Promise.resolve(false);
    this.#cursors = leadership.cursors;
    this.#lease.expiresAt = this.#now() + LEASE_TTL_MS;
    return Promise.resolve(true);
  }

  release(owner: string, leadership: Leadership): Promise<void> {
    if (this.#leads(owner, leadership)) {
      this.#cursors = leadership.cursors;
      this.#lease.owner = '';
      this.#lease.expiresAt = -Infinity;
    }
    return Promise.resolve();
  }

  rewind(partition: number, place: Place, headIncarnation: number): Promise<void> {
    if (this.#cursors[partition] === undefined)
      return Promise.reject(new RangeError(`There is no partition ${partition}`));
    this.#cursors = this.#cursors.map((cursor) =>
      cursor.partition === partition ? rewoundCursor(cursor, place, headIncarnation) : cursor,
    );
    this.#lease.epoch += 1;
    return Promise.resolve();
  }

  #leads(owner: string, { epoch }: Leadership): boolean {
    return this.#lease.owner === owner && this.#lease.epoch === epoch;
  }
}
