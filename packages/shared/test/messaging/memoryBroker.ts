// A broker in memory for unit tests: topics that can be wiped and sends that can fail, without Kafka's delays.
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
    createGroupConnection: (group, member) => connectGroup(group.topics, member, partitionsOf),
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
function connectGroup(
  names: readonly string[],
  member: GroupMember,
  partitionsOf: (topic: string) => readonly Partition[],
): GroupConnection {
  const paused = new Set<string>();
  const positions = new Map<string, bigint>();
  const name = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
  let isRunning = false;
  let running = Promise.resolve();

  function fetch(): FetchedBatch[] {
    return names.flatMap((topic) =>
      partitionsOf(topic).flatMap(({ records }, partition) => {
        const at = { topic, partition };
        const from = positions.get(name(at)) ?? 0n;
        const next = records.filter(({ offset }) => offset >= from).slice(0, 100);
        if (paused.has(name(at)) || next.length === 0) return [];
        return {
          ...at,
          records: next,
          resolve: (offset: bigint) => void positions.set(name(at), offset + 1n),
          heartbeat: () => Promise.resolve(),
          isCurrent: () => isRunning && !paused.has(name(at)),
        };
      }),
    );
  }

  async function run(): Promise<void> {
    while (isRunning) {
      await Promise.all(fetch().map((batch) => member.onBatch(batch)));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  return {
    start() {
      isRunning = true;
      const all = names.flatMap((topic) =>
        partitionsOf(topic).map((_, partition) => ({ topic, partition })),
      );
      member.onAssigned(all);
      running = run();
      return Promise.resolve();
    },
    async stop() {
      isRunning = false;
      await running;
    },
    seek: (at, offset) => void positions.set(name(at), offset),
    pause: (those) => {
      for (const at of those) paused.add(name(at));
    },
    resume: (those) => {
      for (const at of those) paused.delete(name(at));
    },
    commitOffsets: () => Promise.resolve(),
  };
}
