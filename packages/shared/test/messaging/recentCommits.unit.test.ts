// What this process has just committed, handed to its relay; what is not surely next is left to the table.
import type { RecordedEvent } from '../../src/eventstore/eventStore.ts';
import { createMemoryEventStore } from '../../src/eventstore/memoryEventStore.ts';
import { MemoryRelayPositions } from '../../src/messaging/memoryRelayPositions.ts';
import { RecentCommits } from '../../src/messaging/recentCommits.ts';
import { Relay } from '../../src/messaging/relay.ts';
import { createSignal } from '../../src/messaging/signal.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { AT, make, madeCodec, madeToMessages, upTo, type Made } from './madeDomain.ts';
import { createMemoryBroker } from './memoryBroker.ts';

const TOPIC = 'made';
const LONG_MS = 60_000;

function eventAt(position: number, incarnation = 1): RecordedEvent<Made> {
  const event: Made = { type: 'Made', data: { at: AT, key: 'a', number: position } };
  const metadata = { correlationId: 'c', causationId: 'test' };
  return {
    ...{ incarnation, position, streamId: 'made-a', version: position, schemaVersion: 1 },
    ...{ event, metadata, hash: '' },
  };
}

function takenAfter(recent: RecentCommits<Made>, after: number, limit = 100): number[] {
  return recent.takeAfter(after, limit, 1).map(({ position }) => position);
}

describe('recent commits', () => {
  it('are taken in order, whatever the order in which they were told', () => {
    const recent = new RecentCommits<Made>();
    recent.add([eventAt(13), eventAt(14)]);
    recent.add([eventAt(11), eventAt(12)]);
    expect(takenAfter(recent, 10)).toEqual([11, 12, 13, 14]);
    expect(recent.isEmpty()).toBe(true);
  });

  it('give nothing while what comes next is not among them, and go on once it was read elsewhere', () => {
    const recent = new RecentCommits<Made>();
    recent.add([eventAt(12), eventAt(13)]);
    expect(takenAfter(recent, 10)).toEqual([]);
    expect(recent.isEmpty()).toBe(false);
    expect(takenAfter(recent, 12)).toEqual([13]);
    expect(recent.isEmpty()).toBe(true);
  });

  it('give at most as many as are asked for', () => {
    const recent = new RecentCommits<Made>();
    recent.add([eventAt(1), eventAt(2), eventAt(3)]);
    expect(takenAfter(recent, 0, 2)).toEqual([1, 2]);
    expect(takenAfter(recent, 2, 2)).toEqual([3]);
  });

  it('of an earlier incarnation are never given: their positions may be used again', () => {
    const recent = new RecentCommits<Made>();
    recent.add([eventAt(1, 1), eventAt(2, 2)]);
    expect(recent.takeAfter(0, 10, 2)).toEqual([]);
    expect(recent.takeAfter(1, 10, 2)).toHaveLength(1);
  });

  it('are forgotten when too many wait, and the table is read instead', () => {
    const recent = new RecentCommits<Made>();
    for (let position = 1; position <= 5_001; position += 1) recent.add([eventAt(position)]);
    expect(recent.isEmpty()).toBe(true);
  });
});

describe('a leading relay', () => {
  const running: Relay<Made>[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((relay) => relay.stop()));
  });

  async function lead(
    hidden: ReadonlySet<number>,
    isAwaited: (event: Made) => boolean = () => true,
  ) {
    const store = createMemoryEventStore<Made>({ codec: madeCodec, projections: [] });
    const broker = createMemoryBroker();
    await broker.createTopic(TOPIC, 1, 1);
    let readEvents = 0;
    const emptyReads = createSignal();
    const relay = new Relay<Made>({
      store: {
        head: () => store.head(),
        async readLog(after, limit) {
          const events = await store.readLog(after, limit);
          readEvents += events.length;
          if (events.length === 0) emptyReads.ring();
          return events;
        },
        // Another process' commits are those that this one is not told of.
        onCommitted: (listener) =>
          store.onCommitted((events) => {
            listener(
              events.filter(({ position }) => !hidden.has(position)),
              [],
            );
          }),
      },
      ...{ broker, positions: new MemoryRelayPositions(1), topic: TOPIC, source: 'publisher' },
      ...{ toMessages: madeToMessages, isAwaited, ensureTopic: () => Promise.resolve(1) },
      logger: createLogger({ service: 'test', level: 'silent' }),
      onFatal: (_reason, error) => {
        throw error;
      },
    });
    relay.start();
    running.push(relay);
    await eventually(() => relay.isLeader(), 'it leads');
    // Twice, as the first may be remembered: then it has just looked, and waits for news.
    await emptyReads.wait(LONG_MS);
    await emptyReads.wait(LONG_MS);
    const sent = () => broker.read(TOPIC, 0).map(({ value }) => numberIn(value));
    return { store, broker, sent, readEvents: () => readEvents };
  }

  it('sends what its own process commits without reading it from the table', async () => {
    const { store, sent, readEvents } = await lead(new Set());
    await make(store, ['a'], 1, 20);
    await eventually(() => sent().length === 20, 'all are sent');
    expect(sent()).toEqual(upTo(20));
    expect(readEvents()).toBe(0);
  });

  it('reads the table where another process has committed in between, and skips nothing', async () => {
    const { store, sent, readEvents } = await lead(new Set([3, 4, 9]));
    await make(store, ['a'], 1, 12);
    await eventually(() => sent().length === 12, 'all are sent');
    expect(sent()).toEqual(upTo(12));
    expect(readEvents()).toBeGreaterThan(0);
  });

  it('sends what nobody waits for with what somebody waits for, and by itself a moment later', async () => {
    const { store, broker, sent } = await lead(new Set(), ({ data }) => data.number === 3);
    const sizes: number[] = [];
    broker.beforeSend = (records) => {
      sizes.push(records.length);
      return records;
    };
    await make(store, ['a'], 1, 3);
    await eventually(() => sent().length === 3, 'all are sent');
    expect(sizes).toEqual([3]);
    await make(store, ['a'], 4, 4);
    await eventually(() => sent().length === 4, 'the last one is sent, too');
    expect(sent()).toEqual(upTo(4));
  });
});

function numberIn(value: Buffer | null): number {
  const message = JSON.parse(String(value)) as { readonly data: Made['data'] };
  return message.data.number;
}
