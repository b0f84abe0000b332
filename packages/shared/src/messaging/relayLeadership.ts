// What a leader believes: its epoch, its cursors, how long its lease lasts, and whether any of it may be out of date.
import type { EventStore } from '../eventstore/eventStore.ts';
import type { DomainEvent } from '../eventstore/decider.ts';
import { failpoint } from '../runtime/failpoints.ts';
import { advanceCursors, type SendBatch } from './relayBatch.ts';
import { logBehindCursors } from './relayHead.ts';
import {
  LEASE_TTL_MS,
  type Leadership,
  type RelayCursor,
  type RelayPositions,
} from './relayPositions.ts';

/** What it works with. */
export interface LeadershipDeps {
  readonly store: Pick<EventStore<DomainEvent>, 'head'>;
  readonly positions: RelayPositions;
  readonly topic: string;
  /** Unlike that of any other process that ever ran. */
  readonly owner: string;
}

/** The leadership of one process: held or not. */
export class RelayLeadership {
  readonly #deps: LeadershipDeps;
  #held: Leadership | undefined;
  #incarnation = 0;
  #leaseEndsAt = 0;
  /** Somebody has raised the epoch, or may have: what is in memory must be read again before anything is sent. */
  #isStale = false;

  constructor(deps: LeadershipDeps) {
    this.#deps = deps;
  }

  /** The cursors as this process has moved them; empty if it does not lead. */
  get cursors(): readonly RelayCursor[] {
    return this.#held?.cursors ?? [];
  }

  /** Of the present leadership; a number that no later one has. */
  get epoch(): number | undefined {
    return this.#held?.epoch;
  }

  /** Of the log when the cursors were read last. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** True while this process may send. By a clock that cannot be set, and that runs on when the process was halted. */
  isHeld(): boolean {
    return this.#held !== undefined && !this.#isStale && performance.now() <= this.#leaseEndsAt;
  }

  /** Takes the lease if it is free. */
  acquire(): Promise<boolean> {
    return this.#adopt(() => this.#deps.positions.acquire(this.#deps.owner));
  }

  /** Reads again what the table says; false if the lease is another's now. */
  reload(): Promise<boolean> {
    return this.#adopt(() => this.#deps.positions.reload(this.#deps.owner));
  }

  /** To be called when a rewind was recorded: the leader need not wait for its next save to find out. */
  markStale(): void {
    this.#isStale = true;
  }

  /** Moves the cursors over a batch that was sent; nothing if the epoch is not the one it was sent in. */
  advance(epoch: number, batch: SendBatch): void {
    if (this.#held?.epoch !== epoch) return;
    this.#held = { epoch, cursors: advanceCursors(this.#held.cursors, batch) };
  }

  /** Stores the cursors and renews the lease; true if it found that it must reload. */
  async save(): Promise<boolean> {
    const mine = this.#held;
    if (mine === undefined) return false;
    const askedAt = performance.now();
    failpoint('relay.before-save');
    if (await this.#deps.positions.save(this.#deps.owner, mine)) {
      failpoint('relay.saved');
      this.#leaseEndsAt = askedAt + LEASE_TTL_MS;
      if ((await this.#deps.store.head()).incarnation === this.#incarnation) return false;
    } else if (this.#held?.epoch !== mine.epoch) {
      // The answer to an epoch that was given up meanwhile.
      return false;
    }
    // No row had our epoch: a rewind, or another owner. Or the log has another incarnation.
    this.#isStale = true;
    return true;
  }

  /** Stores the cursors and gives the lease up. */
  async release(): Promise<void> {
    const mine = this.#held;
    this.#held = undefined;
    if (mine !== undefined) await this.#deps.positions.release(this.#deps.owner, mine);
  }

  async #adopt(ask: () => Promise<Leadership | undefined>): Promise<boolean> {
    // The lease is counted from before the question, so it never seems longer than it is in the table.
    const askedAt = performance.now();
    this.#isStale = false;
    const given = await ask();
    this.#held = given;
    if (given === undefined) return false;
    // The head is read after the cursors: in a log that is whole it cannot be behind them.
    const head = await this.#deps.store.head();
    const behind = logBehindCursors(this.#deps.topic, head, given.cursors);
    if (behind.kind === 'lost') throw behind.error;
    if (behind.kind === 'rescan') this.#held = { ...given, cursors: behind.cursors };
    this.#incarnation = head.incarnation;
    this.#leaseEndsAt = askedAt + LEASE_TTL_MS;
    return true;
  }
}
