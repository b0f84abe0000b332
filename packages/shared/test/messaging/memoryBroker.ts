// A broker in memory for unit tests: topics that can be wiped and sends that can fail, without Kafka's delays.
import { partitionName } from '../../src/messaging/partitionState.ts';
import type {
  FetchedBatch,
  GroupConnection,
  GroupMember,
  IncomingRecord,
  MessageBroker,
  OutgoingRecord,
  PartitionOffsets,
  TopicPartition,
} from '../../src/messaging/transport.ts';

interface Partition {
  low: bigint;
  records: IncomingRecord[];
}

/** The broker, and what a test may do to it. */
export interface MemoryBroker extends MessageBroker {
  /** All that stands in a partition now. */
  read(topic: string, partition: number): readonly IncomingRecord[];
  /** Empties the topic; its offsets begin again. */
  wipe(topic: string): void;
  remove(topic: string): void;
  append(topic: string, partition: number, ...values: readonly string[]): void;
  /** Called before each send; what it throws, the send throws. What it returns is stored. */
  beforeSend: (records: readonly OutgoingRecord[]) => readonly OutgoingRecord[];
}

export function createMemoryBroker(): MemoryBroker {
  const topics = new Map<string, Partition[]>();
  const empty = (): Partition => ({ low: 0n, records: [] });
  const partitionsOf = (topic: string): Partition[] => topics.get(topic) ?? [];
  const append = (topic: string, partition: number, ...values: readonly string[]): void => {
    const target = partitionsOf(topic)[partition];
    if (target === undefined) throw new Error(`There is no ${topic}/${partition}`);
    for (const value of values) {
      const offset = target.low + BigInt(target.records.length);
      target.records.push({ offset, value: Buffer.from(value) });
    }
  };
  const broker: MemoryBroker = {
    append,
    beforeSend: (records) => records,
    read: (topic, partition) => partitionsOf(topic)[partition]?.records ?? [],
    wipe: (topic) => void topics.set(topic, partitionsOf(topic).map(empty)),
    remove: (topic) => void topics.delete(topic),
    partitionCount: (topic) => Promise.resolve(topics.get(topic)?.length),
    createTopic(topic, partitionCount) {
      if (!topics.has(topic)) topics.set(topic, Array.from({ length: partitionCount }, empty));
      return Promise.resolve();
    },
    readOffsets: (topic) => Promise.resolve(topics.has(topic) ? offsets(topic) : undefined),
    createProducer: () =>
      Promise.resolve({
        async send(topic, records) {
          await Promise.resolve();
          for (const record of broker.beforeSend(records))
            append(topic, record.partition, record.value);
        },
        close: () => Promise.resolve(),
      }),
    createGroupConnection: (group, member) => new MemoryGroup(group.topics, member, partitionsOf),
  };
  function offsets(topic: string): ReadonlyMap<number, PartitionOffsets> {
    return new Map(
      partitionsOf(topic).map(({ low, records }, partition) => [
        partition,
        { low, high: low + BigInt(records.length) },
      ]),
    );
  }
  return broker;
}

/** A member that is given all partitions, and fetches at every turn. */
class MemoryGroup implements GroupConnection {
  readonly #names: readonly string[];
  readonly #member: GroupMember;
  readonly #partitionsOf: (topic: string) => readonly Partition[];
  readonly #paused = new Set<string>();
  readonly #positions = new Map<string, bigint>();
  #isRunning = false;
  #running = Promise.resolve();

  constructor(
    names: readonly string[],
    member: GroupMember,
    partitionsOf: (topic: string) => readonly Partition[],
  ) {
    this.#names = names;
    this.#member = member;
    this.#partitionsOf = partitionsOf;
  }

  start(): Promise<void> {
    this.#isRunning = true;
    this.#member.onAssigned(this.#all());
    this.#running = this.#run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#running;
  }

  seek(at: TopicPartition, offset: bigint): void {
    this.#positions.set(partitionName(at), offset);
  }

  pause(those: readonly TopicPartition[]): void {
    for (const at of those) this.#paused.add(partitionName(at));
  }

  resume(those: readonly TopicPartition[]): void {
    for (const at of those) this.#paused.delete(partitionName(at));
  }

  commitOffsets(): Promise<void> {
    return Promise.resolve();
  }

  #all(): TopicPartition[] {
    return this.#names.flatMap((topic) =>
      this.#partitionsOf(topic).map((_, partition) => ({ topic, partition })),
    );
  }

  async #run(): Promise<void> {
    while (this.#isRunning) {
      const batches = this.#all().flatMap((at) => this.#fetch(at) ?? []);
      await Promise.all(batches.map((batch) => this.#member.onBatch(batch)));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  #fetch(at: TopicPartition): FetchedBatch | undefined {
    const name = partitionName(at);
    const from = this.#positions.get(name) ?? 0n;
    const { records } = this.#partitionsOf(at.topic)[at.partition] ?? { records: [] };
    const next = records.filter(({ offset }) => offset >= from).slice(0, 100);
    if (this.#paused.has(name) || next.length === 0) return undefined;
    return {
      ...at,
      records: next,
      resolve: (offset) => void this.#positions.set(name, offset + 1n),
      heartbeat: () => Promise.resolve(),
      isCurrent: () => this.#isRunning && !this.#paused.has(name),
    };
  }
}
