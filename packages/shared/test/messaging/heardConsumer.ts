// The consumer of madeDomain.ts over a store and a broker in memory, for tests that bend one of the two.
import type { EventStore } from '../../src/eventstore/eventStore.ts';
import { createMemoryEventStore } from '../../src/eventstore/memoryEventStore.ts';
import { MessageConsumer, type ConsumerDeps } from '../../src/messaging/consumer.ts';
import { formatPlace } from '../../src/messaging/chain.ts';
import { serializeEnvelope } from '../../src/messaging/envelope.ts';
import type { MessageBroker } from '../../src/messaging/transport.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { eventually } from '../../src/testing/eventually.ts';
import {
  AT,
  heardBy,
  heardCodec,
  heardEvolution,
  hearing,
  place,
  upTo,
  type Heard,
  type HeardState,
  type Made,
} from './madeDomain.ts';
import { createMemoryBroker } from './memoryBroker.ts';

export type HeardStore = EventStore<Heard, Made>;
type HeardDeps = ConsumerDeps<HeardState, Heard, Made>;

export const TOPIC = 'made';
const logger = createLogger({ service: 'test', level: 'silent' });
const running: MessageConsumer<HeardState, Heard, Made>[] = [];

/** To be called after each test. */
export async function stopConsumers(): Promise<void> {
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
}

/** The message about the `number`th thing of a key, at that position of the publisher's log. */
export function madeMessage(
  position: number,
  prev: number,
  about: { readonly key: string; readonly number: number; readonly isPoison?: true },
): string {
  const data = { at: AT, ...about };
  return serializeEnvelope(
    'publisher',
    { key: about.key, type: 'Made', schemaVersion: 1, data },
    { place: place(`1.${position}.0`), prev: place(prev === 0 ? '0.0.0' : `1.${prev}.0`) },
    { correlationId: 'correlation', causationId: 'cause' },
  );
}

/** The messages of key 'a' when there is no other key. */
export const ofA = (number: number): string =>
  madeMessage(number, number - 1, { key: 'a', number });

/** What a test may bend. */
export interface Bent extends Partial<
  Pick<HeardDeps, 'reactions' | 'evolution' | 'now' | 'logger'>
> {
  readonly store?: (store: HeardStore) => HeardStore;
  readonly broker?: (broker: MessageBroker) => MessageBroker;
}

/** A topic of two partitions and, with `start`, its consumer. */
export async function setUpConsumer({ store: bendStore, broker: bendBroker, ...bent }: Bent = {}) {
  const store = createMemoryEventStore<Heard, Made>({ codec: heardCodec, projections: [] });
  const broker = createMemoryBroker();
  await broker.createTopic(TOPIC, 2, 1);
  const rewinds: string[] = [];
  const fatal: string[] = [];
  return {
    ...{ store, broker, rewinds, fatal },
    start: () => {
      const consumer = new MessageConsumer<HeardState, Heard, Made>({
        ...{ consumer: 'consumer', groupId: 'group', topics: [TOPIC], logger },
        ...{ reactions: hearing, evolution: heardEvolution, ...bent },
        store: bendStore?.(store) ?? store,
        broker: bendBroker?.(broker) ?? broker,
        requestRewind(topic, partition, at) {
          rewinds.push(`${topic}/${partition} ${formatPlace(at)}`);
          return Promise.resolve();
        },
        onFatal: (reason, error) => fatal.push(`${reason}: ${String(error)}`),
      });
      consumer.start();
      running.push(consumer);
      return consumer;
    },
    /** Waits until a key was heard of from 1 to `count`, in order. */
    untilHeard: (key: string, count: number) =>
      eventually(async () => {
        expect((await heardBy(store)).get(key)).toEqual(upTo(count));
        return true;
      }, `${key} was heard of up to ${count}`),
  };
}
