// Consumer groups: who is in, and who has which partitions. A change happens at once; members hear of it later.
import type { IncomingRecord, TopicPartition } from '@orderflow/shared/messaging/transport.ts';
import type { Server, SimProcess, World } from './world.ts';

/** So long a group waits for a member that has died. */
export const SESSION_MS = 6_000;
/** So much later than another one a member may hear of a new assignment: until then it works on with what it had. */
const HEARS_MS = 400;
const HEARS_LATE_MS = 2_500;
/** What a group needs of its broker. */
export interface Topics extends Server {
  readonly isAway: boolean;
  partitionCount(topic: string): number;
  /** At most `limit` records from an offset on; `from` is where reading begins, which is elsewhere if it is not there. */
  read(
    topic: string,
    partition: number,
    offset: bigint,
    limit: number,
  ): { readonly from: bigint; readonly records: readonly IncomingRecord[] };
}

/** What a group knows of a member. */
export interface Joined {
  readonly process: SimProcess;
  readonly topics: readonly string[];
  readonly isRunning: boolean;
  /** The group gives it these partitions; called on behalf of its process. */
  assign(share: readonly TopicPartition[], generation: number): void;
  /** Its connection ends; it joins again by itself. */
  breakOff(): void;
  /** There may be something to read. */
  fetchSoon(): void;
}

/** One group. */
export class Group {
  readonly #world: World;
  readonly #kafka: Topics;
  readonly committed = new Map<string, bigint>();
  readonly #members: Joined[] = [];
  generation = 0;

  constructor(world: World, kafka: Topics) {
    this.#world = world;
    this.#kafka = kafka;
  }

  join(member: Joined): void {
    if (!this.#members.includes(member)) this.#members.push(member);
    this.rebalance();
  }

  leave(member: Joined): void {
    const index = this.#members.indexOf(member);
    if (index < 0) return;
    this.#members.splice(index, 1);
    this.rebalance();
  }

  /** The members of a process have not been heard of for too long: they join again once they find out. */
  expel(process: SimProcess): void {
    for (const member of this.#members.filter((each) => each.process === process)) {
      this.leave(member);
      this.joinLater(member);
    }
  }

  /** The connection of each member may break, and is made again. */
  shake(): void {
    for (const member of [...this.#members]) {
      if (!this.#world.random.chance(0.5)) continue;
      this.#world.scheduler.schedule(0, member.process, () => {
        member.breakOff();
      });
      this.joinLater(member);
    }
  }

  joinLater(member: Joined): void {
    const { random, scheduler } = this.#world;
    scheduler.schedule(random.next() * HEARS_MS, member.process, () => {
      if (member.isRunning) this.join(member);
    });
  }

  has(member: Joined): boolean {
    return this.#members.includes(member);
  }

  wake(topic: string): void {
    for (const member of this.#members) if (member.topics.includes(topic)) member.fetchSoon();
  }

  /** Hands the partitions out anew. Each member hears of it at a moment of its own. */
  rebalance(): void {
    this.generation += 1;
    const { random } = this.#world;
    const members = [...this.#members];
    const shares = new Map<Joined, TopicPartition[]>(members.map((member) => [member, []]));
    let next = random.between(0, 7);
    for (const topic of new Set(members.flatMap((member) => member.topics))) {
      for (let partition = 0; partition < this.#kafka.partitionCount(topic); partition += 1) {
        const member = members[next % members.length];
        if (member !== undefined) shares.get(member)?.push({ topic, partition });
        next += 1;
      }
    }
    const { generation } = this;
    for (const [member, share] of shares) {
      const hearsMs = random.chance(0.1) ? HEARS_LATE_MS : HEARS_MS;
      this.#world.scheduler.schedule(random.next() * hearsMs, member.process, () => {
        if (generation === this.generation && this.has(member)) member.assign(share, generation);
      });
    }
  }
}
