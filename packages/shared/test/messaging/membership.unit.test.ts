// Who a member of a consumer group is when kafkajs starts it again: the groups are kafkajs' own, the coordinator is not.
import { createRequire } from 'node:module';
import { createKafka } from '../../src/messaging/kafka.ts';

/** What is used here of a group of kafkajs, of which each start of a consumer makes one. */
interface Group {
  connect(): Promise<void>;
  joinAndSync(): Promise<void>;
  leave(): Promise<void>;
}

const load: (path: string) => unknown = createRequire(import.meta.url);
const ConsumerGroup = load('kafkajs/src/consumer/consumerGroup.js') as new (
  options: object,
) => Group;
const ignore = (): void => undefined;
const logger = { namespace: () => ({ info: ignore, debug: ignore, warn: ignore, error: ignore }) };

// Whoever loads this module has kafkajs repaired.
expect(createKafka).toBeDefined();

/** One consumer's way to a coordinator that gives out the ids m1, m2, …; `asked` has the ids that it was asked with. */
function consumer() {
  const asked: string[] = [];
  const known = new Set<string>();
  const coordinator = {
    joinGroup({ memberId }: { memberId: string }) {
      asked.push(memberId);
      if (memberId !== '' && !known.has(memberId))
        return Promise.reject(
          Object.assign(new Error('unknown'), { type: 'UNKNOWN_MEMBER_ID', retriable: false }),
        );
      const id = memberId === '' ? `m${asked.length}` : memberId;
      known.add(id);
      const members = { leaderId: 'another', members: [] };
      return Promise.resolve({ generationId: 1, memberId: id, groupProtocol: 'any', ...members });
    },
    syncGroup: () => Promise.resolve({ memberAssignment: Buffer.alloc(0) }),
    leaveGroup: () => Promise.resolve(),
  };
  const cluster = {
    connect: () => Promise.resolve(),
    refreshMetadataIfNecessary: () => Promise.resolve(),
    findGroupCoordinator: () => Promise.resolve(coordinator),
    committedOffsets: () => ({}),
  };
  return {
    asked,
    known,
    start: async (): Promise<Group> => {
      const retry = { initialRetryTime: 1, maxRetryTime: 1, retries: 1 };
      const common = { instrumentationEmitter: { emit: ignore }, assigners: [], topics: [] };
      const group = new ConsumerGroup({ ...common, groupId: 'group', cluster, logger, retry });
      await group.connect();
      await group.joinAndSync();
      return group;
    },
  };
}

it('a consumer that starts again without having left joins as the member that it was', async () => {
  const { asked, start } = consumer();
  await start();
  await start();
  await start();
  expect(asked).toEqual(['', 'm1', 'm1']);
});

it('one whose session ran out meanwhile is told so and joins as a new member', async () => {
  const { asked, known, start } = consumer();
  await start();
  known.clear();
  await start();
  await start();
  expect(asked).toEqual(['', 'm1', '', 'm3']);
});

it('one that has left joins as a new member, and so does another consumer of the process', async () => {
  const { asked, start } = consumer();
  const group = await start();
  await group.leave();
  await start();
  const other = consumer();
  await other.start();
  expect([asked, other.asked]).toEqual([['', ''], ['']]);
});
