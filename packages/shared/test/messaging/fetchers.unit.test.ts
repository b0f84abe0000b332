// That a consumer stops while a broker goes: its runner, fetch manager and fetchers are kafkajs' own, the brokers are not.
import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { createKafka } from '../../src/messaging/kafka.ts';

/** What is used here of kafkajs' runner. */
interface Runner {
  start(): Promise<void>;
  stop(): Promise<void>;
}

const load: (path: string) => unknown = createRequire(import.meta.url);
const KafkajsRunner = load('kafkajs/src/consumer/runner.js') as new (options: object) => Runner;
const ignore = (): void => undefined;
const done = (): Promise<void> => Promise.resolve();
const logger = { namespace: () => logger, info: ignore, debug: ignore, warn: ignore };

/** Far above the six that are due; fetchers that look without end would never let the test end. */
const LOOKS_MOST = 20;

// Whoever loads this module has kafkajs repaired.
expect(createKafka).toBeDefined();

/** A consumer of two brokers, at each of which a poll is open until `answer`. */
async function startConsumer() {
  const seen = { hasSpun: false, crashes: [] as unknown[], hasLeft: false };
  const polls = new Map<string, () => void>();
  let brokers = ['1', '2'];
  let looks = 0;
  const consumerGroup = {
    ...{ connect: done, joinAndSync: done, heartbeat: done },
    getNodeIds() {
      looks += 1;
      seen.hasSpun = looks > LOOKS_MOST;
      if (seen.hasSpun) throw new Error('the fetchers look at the brokers without end');
      return brokers;
    },
    fetch(broker: string) {
      const { promise, resolve } = Promise.withResolvers<readonly unknown[]>();
      polls.set(broker, () => {
        resolve([]);
      });
      return promise;
    },
    leave() {
      seen.hasLeft = true;
      return Promise.resolve();
    },
  };
  const runner = new KafkajsRunner({
    ...{ consumerGroup, logger, instrumentationEmitter: { emit: ignore }, concurrency: 1 },
    retry: { initialRetryTime: 1, maxRetryTime: 1, retries: 1 },
    onCrash: (error: unknown) => seen.crashes.push(error),
  });
  await runner.start();
  return {
    seen,
    runner,
    answer: (broker: string) => polls.get(broker)?.(),
    loseBroker: () => {
      brokers = ['1'];
    },
  };
}

async function afterTurns<T>(turns: number, act: () => T): Promise<Awaited<T>> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  return await act();
}

/** Broker 2 goes, which the fetcher of 1 sees first; the turns are those of microtasks after that poll's end. */
async function stopWhileBrokerGoes(turnsToStop: number, turnsToPollEnd: number) {
  const { seen, runner, answer, loseBroker } = await startConsumer();
  loseBroker();
  answer('1');
  const stopped = afterTurns(turnsToStop, () => runner.stop());
  await afterTurns(turnsToPollEnd, () => answer('2'));
  await setImmediate();
  answer('1');
  await stopped;
  return seen;
}

it('a consumer that is told to stop stops, at whatever step of its getting new fetchers', async () => {
  const turns = Array.from({ length: 25 }, (_, turn) => turn);
  for (const toStop of turns)
    for (const toPollEnd of turns) {
      const seen = await stopWhileBrokerGoes(toStop, toPollEnd);
      expect({ toStop, toPollEnd, ...seen }).toEqual({
        ...{ toStop, toPollEnd, hasSpun: false, crashes: [], hasLeft: true },
      });
    }
});
