// A member that is told to stop at any moment of its joining is out of the group in the end.
import kafkajs from 'kafkajs';
import { createKafka } from '../../src/messaging/kafka.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { makeTopic } from './kafkaAdmin.ts';
import { uniqueName } from './testServices.ts';

const { brokers } = testInfra();

it('leaves its group when it is stopped while it joins', async () => {
  const topic = uniqueName('leaving');
  await makeTopic(brokers, topic, 1);
  const logger = createLogger({ service: 'test', level: 'silent' });
  const broker = createKafka({ brokers, clientId: 'test', logger });
  const groups = await Promise.all(
    [0, 20, 40, 80, 120, 160, 240, 320, 480].map(async (milliseconds) => {
      const groupId = uniqueName('leaving');
      const connection = broker.createGroupConnection(
        { groupId, topics: [topic] },
        {
          onAssigned: () => undefined,
          onBatch: () => Promise.resolve(),
          onCrash: () => undefined,
        },
      );
      // Any moment will do; which one it is decides nothing that is expected below.
      const started = connection.start();
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await connection.stop();
      await started;
      return groupId;
    }),
  );
  const admin = new kafkajs.Kafka({
    ...{ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING },
  }).admin();
  await admin.connect();
  await eventually(async () => {
    const described = await admin.describeGroups(groups);
    expect(described.groups.map(({ members }) => members.length)).toEqual(groups.map(() => 0));
    return true;
  }, 'all groups are empty');
  await admin.disconnect();
});
