// A sender whose broker falls silent: it does not wait for ever, and nothing is left open.
import { RelaySender } from '../../src/messaging/relaySender.ts';
import type { OutgoingRecord, Producer } from '../../src/messaging/transport.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { eventually } from '../../src/testing/eventually.ts';

const logger = createLogger({ service: 'test', level: 'silent' });
const RECORDS: readonly OutgoingRecord[] = [{ partition: 0, key: 'key', value: 'value' }];
const never = <T>(): Promise<T> => new Promise(() => undefined);

/** A sender that is given these producers, one after the other, and waits 20 ms for each answer. */
function setUp(sends: readonly Producer['send'][]) {
  const seen = { made: 0, closed: 0 };
  const createProducer = (): Promise<Producer> => {
    const send = sends[seen.made] ?? never;
    seen.made += 1;
    const close = () => {
      seen.closed += 1;
      return Promise.resolve();
    };
    return Promise.resolve({ send, close });
  };
  return { seen, createProducer, sender: new RelaySender(createProducer, 'topic', logger, 20) };
}

it('a producer that never answers is thrown away, and another one sends the same again', async () => {
  const sent: (readonly OutgoingRecord[])[] = [];
  const { seen, sender } = setUp([
    () => never(),
    (_topic, records) => {
      sent.push(records);
      return Promise.resolve();
    },
  ]);
  expect(await sender.send(RECORDS, () => false)).toBe(true);
  expect(sent).toEqual([RECORDS]);
  expect(seen).toEqual({ made: 2, closed: 1 });
});

it('a producer that is ready too late is closed, and another one is asked for', async () => {
  const { seen, createProducer } = setUp([() => Promise.resolve(), () => Promise.resolve()]);
  const late = Promise.withResolvers<Producer>();
  let asked = 0;
  const makeProducer = (): Promise<Producer> => {
    asked += 1;
    return asked === 1 ? late.promise : createProducer();
  };
  const sender = new RelaySender(makeProducer, 'topic', logger, 20);
  expect(await sender.send(RECORDS, () => false)).toBe(true);
  expect(seen).toEqual({ made: 1, closed: 0 });
  late.resolve(await createProducer());
  await eventually(() => seen.closed === 1, 'the late one is closed');
});

it('a send that was given up ends at once, however long it might still wait', async () => {
  const { createProducer } = setUp([() => never()]);
  const sender = new RelaySender(createProducer, 'topic', logger, 3_600_000);
  let mustStop = false;
  const sending = sender.send(RECORDS, () => mustStop);
  mustStop = true;
  sender.giveUp();
  expect(await sending).toBe(false);
});

it('a broker that is away for long is looked for twice a second', async () => {
  let tries = 0;
  const makeProducer = (): Promise<Producer> => {
    tries += 1;
    return Promise.reject(new Error('the broker is away'));
  };
  let mustStop = false;
  const sender = new RelaySender(makeProducer, 'topic', logger);
  import.meta.jest.useFakeTimers();
  try {
    const sending = sender.send(RECORDS, () => mustStop);
    await import.meta.jest.advanceTimersByTimeAsync(60_000);
    const before = tries;
    await import.meta.jest.advanceTimersByTimeAsync(10_000);
    expect(tries - before).toBeGreaterThanOrEqual(20);
    mustStop = true;
    sender.wake();
    expect(await sending).toBe(false);
  } finally {
    import.meta.jest.useRealTimers();
  }
});
