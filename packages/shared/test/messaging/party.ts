// A publisher and a consumer with databases and a topic of their own, and what their tests ask of them.
import { eventStoreSchema } from '../../src/eventstore/tables.ts';
import { eventually } from '../../src/testing/eventually.ts';
import type { TestInfra } from '../../src/testing/infra.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { heardBy, KEYS, upTo } from './madeDomain.ts';
import {
  startConsumer,
  startPublisher,
  uniqueName,
  type Replacements,
  type TestService,
} from './testServices.ts';
import type { EventStore } from '../../src/eventstore/eventStore.ts';
import type { Heard, Made } from './madeDomain.ts';

export type Publisher = TestService<EventStore<Made>>;
export type Consumer = TestService<EventStore<Heard, Made>>;

/** Two services that belong together. */
export interface Party {
  readonly topic: string;
  readonly made: TestDatabase;
  readonly heard: TestDatabase;
  startPublisher(replacements?: Replacements<EventStore<Made>>): Promise<Publisher>;
  /** `groupId`: another group than the party's own. */
  startConsumer(
    publisher: Publisher,
    replacements?: Replacements<EventStore<Heard, Made>> & { readonly groupId?: string },
  ): Consumer;
  /** Stops what runs, drops the databases, and fails if a service wanted its process to end. */
  end(): Promise<void>;
}

export async function createParty(
  infra: Pick<TestInfra, 'mysql'>,
  kafka: { readonly brokers: readonly string[]; readonly replicationFactor?: number },
): Promise<Party> {
  const made = await createTestDatabase(eventStoreSchema, infra);
  const heard = await createTestDatabase(eventStoreSchema, infra);
  const topic = uniqueName('made');
  const running = new Set<TestService<unknown>>();
  const fatal: string[] = [];
  function track<Service extends TestService<unknown>>(service: Service): Service {
    running.add(service);
    return {
      ...service,
      async stop() {
        if (!running.delete(service)) return;
        await service.stop();
        fatal.push(...service.fatal);
      },
    };
  }
  return {
    ...{ topic, made, heard },
    async startPublisher(replacements) {
      return track(
        await startPublisher({ ...kafka, topic, database: made.settings }, replacements),
      );
    },
    startConsumer(publisher, replacements = {}) {
      const { groupId = topic, ...rest } = replacements;
      const settings = { ...kafka, topic, groupId, publisherUrl: publisher.url };
      return track(startConsumer({ ...settings, database: heard.settings }, rest));
    },
    async end() {
      for (const service of [...running].reverse()) {
        await service.stop();
        fatal.push(...service.fatal);
      }
      await made.drop();
      await heard.drop();
      if (fatal.length > 0) throw new Error(`A service wanted to end: ${fatal.join('; ')}`);
    },
  };
}

/** Waits until the relay has sent `count` of each key, as far as its stored cursors tell. */
export async function untilSent({ made }: Party, count: number): Promise<void> {
  await eventually(async () => {
    const [rows] = await made.admin.query('SELECT MAX(position) AS sent FROM relay_cursors');
    expect(rows).toEqual([{ sent: count * KEYS.length }]);
    return true;
  }, `${count} of each key were sent`);
}

/** Waits until all keys were heard of up to `count`: nothing lost, nothing doubled, in order. */
export async function untilAllHeard(store: EventStore<Heard, Made>, count: number): Promise<void> {
  const expected = new Map(KEYS.map((key) => [key, upTo(count)]));
  await eventually(async () => {
    expect(new Map([...(await heardBy(store))].sort())).toEqual(expected);
    return true;
  }, `all ${KEYS.length} keys were heard of up to ${count}`);
}
