// The relay's lease and cursors in memory, for unit tests and simulations: the same rules, a clock that can be given.
import { START, type Place } from './chain.ts';
import {
  LEASE_TTL_MS,
  rewoundCursor,
  type Leadership,
  type RelayCursor,
  type RelayPositions,
} from './relayPositions.ts';

/** What a server would keep. May be put back to what it was, as a backup would. */
export interface MemoryRelayTable {
  owner: string;
  epoch: number;
  expiresAt: number;
  cursors: readonly RelayCursor[];
}

/** Makes the table for a topic of `partitionCount` partitions: nobody leads, nothing was sent. */
export function createMemoryRelayTable(partitionCount: number): MemoryRelayTable {
  const cursors = Array.from({ length: partitionCount }, (_, partition) => ({
    partition,
    place: START,
    scannedPosition: 0,
  }));
  return { owner: '', epoch: 0, expiresAt: -Infinity, cursors };
}

/** Positions for a topic of `partitionCount` partitions; `now` in milliseconds. */
export class MemoryRelayPositions implements RelayPositions {
  readonly #now: () => number;
  readonly #table: MemoryRelayTable;

  constructor(
    partitionCount: number,
    now: () => number = () => performance.now(),
    table = createMemoryRelayTable(partitionCount),
  ) {
    this.#now = now;
    this.#table = table;
  }

  /** As they are stored now. */
  get cursors(): readonly RelayCursor[] {
    return this.#table.cursors;
  }

  acquire(owner: string): Promise<Leadership | undefined> {
    const table = this.#table;
    if (table.owner !== owner && table.expiresAt > this.#now()) return Promise.resolve(undefined);
    table.owner = owner;
    table.epoch += 1;
    return this.reload(owner);
  }

  reload(owner: string): Promise<Leadership | undefined> {
    if (this.#table.owner !== owner) return Promise.resolve(undefined);
    this.#table.expiresAt = this.#now() + LEASE_TTL_MS;
    return Promise.resolve({ epoch: this.#table.epoch, cursors: this.#table.cursors });
  }

  save(owner: string, leadership: Leadership): Promise<boolean> {
    if (!this.#leads(owner, leadership)) return Promise.resolve(false);
    this.#table.cursors = leadership.cursors;
    this.#table.expiresAt = this.#now() + LEASE_TTL_MS;
    return Promise.resolve(true);
  }

  release(owner: string, leadership: Leadership): Promise<void> {
    if (this.#leads(owner, leadership)) {
      this.#table.cursors = leadership.cursors;
      this.#table.owner = '';
      this.#table.expiresAt = -Infinity;
    }
    return Promise.resolve();
  }

  rewind(partition: number, place: Place, headIncarnation: number): Promise<void> {
    if (this.#table.cursors[partition] === undefined)
      return Promise.reject(new RangeError(`There is no partition ${partition}`));
    this.#table.cursors = this.#table.cursors.map((cursor) =>
      cursor.partition === partition ? rewoundCursor(cursor, place, headIncarnation) : cursor,
    );
    this.#table.epoch += 1;
    return Promise.resolve();
  }

  #leads(owner: string, { epoch }: Leadership): boolean {
    return this.#table.owner === owner && this.#table.epoch === epoch;
  }
}
