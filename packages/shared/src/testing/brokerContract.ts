// What a relay and a consumer rely on in a broker, real or simulated: sends in order, offsets, and members of groups.
import type {
  FetchedBatch,
  GroupConnection,
  GroupMember,
  MessageBroker,
  TopicPartition,
} from '../messaging/transport.ts';
import { eventually } from './eventually.ts';

const PARTITIONS = 4;

/** A member that resolves whatever it reads, and remembers it. */
interface Reader {
  readonly connection: GroupConnection;
  readonly read: string[];
  readonly assigned: () => readonly number[];
}

/** Declares the cases; `uniqueName` gives names that nobody else uses. */
export function brokerContract(
  name: string,
  open: () => { readonly broker: MessageBroker; readonly uniqueName: (prefix: string) => string },
): void {
  describe(`a broker (${name})`, () => {
    let broker: MessageBroker;
    let topic: string;
    let group: string;
    let connections: GroupConnection[];

    beforeEach(async () => {
      const opened = open();
      broker = opened.broker;
      [topic, group] = [opened.uniqueName('topic'), opened.uniqueName('group')];
      connections = [];
      await broker.createTopic(topic, PARTITIONS, 1);
    });
    afterEach(async () => {
      for (const connection of connections) await connection.stop();
    });

    async function send(...records: readonly (readonly [number, string])[]): Promise<void> {
      const producer = await broker.createProducer();
      await producer.send(
        topic,
        records.map(([partition, value]) => ({ partition, key: 'key', value })),
      );
      await producer.close();
    }

    /** `from`: where each assigned partition is read from, as a consumer seeks; undefined: the group's own place. */
    async function join(
      from?: bigint,
      onBatch: (batch: FetchedBatch) => void = () => undefined,
    ): Promise<Reader> {
      let assignment: readonly TopicPartition[] = [];
      const read: string[] = [];
      const member: GroupMember = {
        onAssigned(assigned) {
          assignment = assigned;
          if (from === undefined) return;
          for (const at of assigned) connection.seek(at, from);
        },
        onBatch(batch) {
          onBatch(batch);
          for (const { offset, value } of batch.records) {
            read.push(`${batch.partition}: ${value?.toString() ?? ''}`);
            batch.resolve(offset);
          }
          return Promise.resolve();
        },
        onCrash: () => undefined,
      };
      const connection = broker.createGroupConnection({ groupId: group, topics: [topic] }, member);
      connections.push(connection);
      await connection.start();
      const assigned = (): readonly number[] =>
        assignment.map(({ partition }) => partition).sort((a, b) => a - b);
      return { connection, read, assigned };
    }

    it('has a topic with the partitions that it was made with, and keeps it when it is made again', async () => {
      await broker.createTopic(topic, PARTITIONS + 1, 1);
      expect(await broker.partitionCount(topic)).toBe(PARTITIONS);
      expect(await broker.partitionCount(`${topic}-missing`)).toBeUndefined();
      expect(await broker.readOffsets(`${topic}-missing`)).toBeUndefined();
    });

    it('stores what was sent, in the order of each partition, and counts it', async () => {
      await send([0, 'a'], [1, 'b'], [0, 'c']);
      await send([0, 'd']);
      const offsets = await broker.readOffsets(topic);
      expect(offsets?.get(0)).toEqual({ low: 0n, high: 3n });
      expect(offsets?.get(1)).toEqual({ low: 0n, high: 1n });
      expect(offsets?.get(2)).toEqual({ low: 0n, high: 0n });
      const { read } = await join();
      await eventually(() => read.length === 4, 'all four were read');
      expect(read.filter((value) => value.startsWith('0'))).toEqual(['0: a', '0: c', '0: d']);
    });

    it('gives a member all partitions, and the records that come while it reads', async () => {
      const reader = await join();
      await eventually(() => reader.assigned().length === PARTITIONS, 'it has all partitions');
      await send([3, 'late']);
      await eventually(() => reader.read.includes('3: late'), 'it reads what came later');
    });

    it('divides the partitions among members, and gives those of one that leaves to the other', async () => {
      const first = await join();
      await eventually(() => first.assigned().length === PARTITIONS, 'the first has all');
      const second = await join();
      await eventually(() => {
        const both = [...first.assigned(), ...second.assigned()].sort();
        expect(both).toEqual([0, 1, 2, 3]);
        return second.assigned().length > 0;
      }, 'both have their shares');
      await first.connection.stop();
      await eventually(() => second.assigned().length === PARTITIONS, 'the second has all');
    });

    it('reads from where it is sought, and again what was read before', async () => {
      await send([0, 'a'], [0, 'b'], [0, 'c']);
      const { connection, read } = await join(1n);
      await eventually(() => read.includes('0: c'), 'it reads to the end');
      expect(read).toEqual(['0: b', '0: c']);
      connection.seek({ topic, partition: 0 }, 2n);
      await eventually(() => read.length === 3, 'it reads the last one again');
      expect(read[2]).toBe('0: c');
    });

    it('begins at the beginning when it is sought to where nothing is', async () => {
      await send([0, 'a'], [0, 'b']);
      const { read } = await join(100n);
      await eventually(() => read.length === 2, 'it reads both');
      expect(read).toEqual(['0: a', '0: b']);
    });

    it('gives nothing of a partition that is paused, until it is resumed', async () => {
      const { connection, read, assigned } = await join();
      await eventually(() => assigned().length === PARTITIONS, 'it has all partitions');
      connection.pause([{ topic, partition: 0 }]);
      await send([0, 'paused'], [1, 'read']);
      await eventually(() => read.includes('1: read'), 'it reads the other partition');
      expect(read).toEqual(['1: read']);
      connection.resume([{ topic, partition: 0 }]);
      await eventually(() => read.includes('0: paused'), 'it reads what had waited');
    });

    it('says that a batch is of the past once its partition was sought elsewhere', async () => {
      await send([0, 'a']);
      const seen: boolean[] = [];
      const { read, connection } = await join(undefined, (batch) => {
        if (seen.length > 0) return;
        seen.push(batch.isCurrent());
        connection.seek(batch, 0n);
        seen.push(batch.isCurrent());
      });
      await eventually(() => read.length >= 2, 'it is read twice');
      expect(seen).toEqual([true, false]);
    });

    it('begins where the group has committed, whoever reads', async () => {
      await send([0, 'a'], [0, 'b']);
      const first = await join();
      await eventually(() => first.read.length === 2, 'both were read');
      await first.connection.commitOffsets([{ topic, partition: 0, offset: 1n }]);
      await first.connection.stop();
      const second = await join();
      await eventually(() => second.read.length > 0, 'another member reads');
      expect(second.read).toEqual(['0: b']);
    });
  });
}
