// A member of a group, and the connection of the consumer that it serves: what it fetches is on its way while it is sought elsewhere.
import { partitionName } from '@orderflow/shared/messaging/partitionState.ts';
import type {
  FetchedBatch,
  GroupConnection,
  GroupMember,
  IncomingRecord,
  TopicPartition,
} from '@orderflow/shared/messaging/transport.ts';
import type { Step } from './faults.ts';
import { SESSION_MS, type Group, type Joined, type Topics } from './groups.ts';
import { request } from './request.ts';
import { latencyMs, type SimProcess, type World } from './world.ts';

/** Records of a partition in one fetch at most. */
const FETCH_LIMIT = 20;

/** A member of a group, and the connection of the consumer that it serves. */
export class Member implements GroupConnection, Joined {
  readonly process: SimProcess;
  readonly topics: readonly string[];
  readonly #world: World;
  readonly #kafka: Topics;
  readonly #group: Group;
  readonly #told: GroupMember;
  readonly #paused = new Set<string>();
  readonly #sought = new Map<string, bigint>();
  readonly #positions = new Map<string, bigint>();
  #assignment: readonly TopicPartition[] = [];
  #generation = 0;
  isRunning = false;
  /** A fetch is under way, or batches are in hand. */
  #isBusy = false;

  constructor(
    world: World,
    process: SimProcess,
    kafka: Topics,
    group: Group,
    topics: readonly string[],
    told: GroupMember,
  ) {
    this.#world = world;
    this.process = process;
    this.#kafka = kafka;
    this.#group = group;
    this.topics = topics;
    this.#told = told;
    process.onDeath.push(() => {
      world.later(SESSION_MS, () => {
        group.leave(this);
      });
    });
  }

  async start(): Promise<void> {
    await this.#ask('ask', () => {
      this.isRunning = true;
      this.#group.join(this);
    });
  }

  async stop(): Promise<void> {
    this.isRunning = false;
    await this.#ask('ask', () => {
      this.#group.leave(this);
    }).catch(() => {
      // The broker is away: it misses the member in the end.
      this.#world.later(SESSION_MS, () => {
        this.#group.leave(this);
      });
    });
  }

  seek(at: TopicPartition, offset: bigint): void {
    this.#sought.set(partitionName(at), offset);
    this.fetchSoon();
  }

  pause(those: readonly TopicPartition[]): void {
    for (const at of those) this.#paused.add(partitionName(at));
  }

  resume(those: readonly TopicPartition[]): void {
    for (const at of those) this.#paused.delete(partitionName(at));
    this.fetchSoon();
  }

  async commitOffsets(
    offsets: readonly (TopicPartition & { readonly offset: bigint })[],
  ): Promise<void> {
    await this.#ask('offsets', () => {
      this.#requireMembership();
      for (const at of offsets) this.#group.committed.set(partitionName(at), at.offset);
    });
  }

  assign(share: readonly TopicPartition[], generation: number): void {
    if (!this.isRunning) return;
    this.#generation = generation;
    this.#assignment = share;
    this.#positions.clear();
    this.#sought.clear();
    for (const at of share) {
      const name = partitionName(at);
      this.#positions.set(name, this.#group.committed.get(name) ?? 0n);
    }
    this.#told.onAssigned(share);
    this.fetchSoon();
  }

  breakOff(): void {
    if (this.isRunning) this.#told.onCrash(new Error('The connection to the broker broke'), true);
  }

  /** Asks for what is there to read, unless it does so already. */
  fetchSoon(): void {
    if (this.#isBusy || !this.isRunning || this.process.isDead) return;
    this.#isBusy = true;
    const { scheduler, random } = this.#world;
    scheduler.schedule(latencyMs(random, 'fetch') / 2, this.process, () => {
      const batches = this.#kafka.isAway ? [] : this.#readable();
      if (batches.length === 0) {
        this.#isBusy = false;
        // What came meanwhile has rung already; a broker that is away rings when it is back.
        return;
      }
      scheduler.schedule(latencyMs(random, 'fetch') / 2, this.process, () => {
        void this.#handle(batches);
      });
    });
  }

  #ask(step: Step, effect: () => void): Promise<void> {
    const asked = { world: this.#world, process: this.process, server: this.#kafka, step };
    return request(asked, effect);
  }

  /** What can be read now of each partition: it is on its way from here on, whatever is sought meanwhile. */
  #readable(): readonly FetchedBatch[] {
    const batches: FetchedBatch[] = [];
    for (const at of this.#assignment) {
      const name = partitionName(at);
      if (this.#paused.has(name)) continue;
      const offset = this.#sought.get(name) ?? this.#positions.get(name) ?? 0n;
      this.#sought.delete(name);
      const limit = this.#world.random.between(1, FETCH_LIMIT);
      const { from, records } = this.#kafka.read(at.topic, at.partition, offset, limit);
      this.#positions.set(name, from);
      if (records.length > 0) batches.push(this.#batch(at, records));
    }
    return batches;
  }

  #batch(at: TopicPartition, records: readonly IncomingRecord[]): FetchedBatch {
    const name = partitionName(at);
    const generation = this.#generation;
    const isOurs = (): boolean => generation === this.#generation;
    return {
      ...at,
      records,
      resolve: (offset) => {
        if (isOurs()) this.#positions.set(name, offset + 1n);
      },
      heartbeat: () =>
        Promise.resolve().then(() => {
          this.#requireMembership();
        }),
      isCurrent: () =>
        this.isRunning && isOurs() && !this.#paused.has(name) && !this.#sought.has(name),
    };
  }

  async #handle(batches: readonly FetchedBatch[]): Promise<void> {
    await Promise.all(batches.map((batch) => this.#told.onBatch(batch)));
    this.#isBusy = false;
    this.fetchSoon();
  }

  #requireMembership(): void {
    if (this.#generation !== this.#group.generation || !this.#group.has(this))
      throw new Error('The group is rebalancing');
  }
}
