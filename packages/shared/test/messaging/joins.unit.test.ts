// A join of the group while a batch is decided: the step under way ends by what it began with.
import { ConflictError } from '../../src/eventstore/eventStore.ts';
import type { GroupMember } from '../../src/messaging/transport.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { madeMessage, setUpConsumer, stopConsumers, TOPIC } from './heardConsumer.ts';
import { heardBy, hearing } from './madeDomain.ts';

afterEach(stopConsumers);

it('a message of a parked key stays parked when a join and a lost race come while it is decided', async () => {
  let member: GroupMember | undefined;
  let joins = 0;
  const { broker, start, store } = await setUpConsumer({
    // Takes any number: only the parked key keeps the second message from being handled.
    reactions: { ...hearing, react: ({ data }) => Promise.resolve([heard(data)]) },
    broker: (inner) => ({
      ...inner,
      createGroupConnection(group, given) {
        member = given;
        return inner.createGroupConnection(group, given);
      },
    }),
    store: (inner) => ({
      ...inner,
      commit(units) {
        const isFollower = units.some(({ parked }) => parked?.[0]?.place.position === 2);
        if (!isFollower || joins > 0) return inner.commit(units);
        joins += 1;
        member?.onAssigned([0, 1].map((partition) => ({ topic: TOPIC, partition })));
        return Promise.reject(new ConflictError('version', 'heard-a'));
      },
    }),
  });
  broker.append(TOPIC, 0, madeMessage(1, 0, { key: 'a', number: 1, isPoison: true }));
  start();
  await eventually(() => store.parked().length === 1, 'the first is parked');
  broker.append(TOPIC, 0, madeMessage(2, 1, { key: 'a', number: 2 }));
  broker.append(TOPIC, 0, madeMessage(3, 2, { key: 'b', number: 1 }));
  await eventually(async () => (await heardBy(store)).has('b'), 'the other key goes on');
  expect(joins).toBe(1);
  expect((await heardBy(store)).get('a')).toBeUndefined();
  expect(store.parked().map(({ place }) => place.position)).toEqual([1, 2]);
});

const heard = ({ at, key, number }: { at: string; key: string; number: number }) => ({
  streamId: `heard-${key}`,
  events: [{ type: 'Heard' as const, data: { at, key, number } }],
});
