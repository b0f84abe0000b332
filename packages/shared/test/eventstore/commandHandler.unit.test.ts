// One command on one stream: load, decide, append, and again when another writer was faster.
import { handleCommand, type CommandLog } from '../../src/eventstore/commandHandler.ts';
import { accept, reject, type Decider } from '../../src/eventstore/decider.ts';
import { createMemoryEventStore } from '../../src/eventstore/memoryEventStore.ts';
import {
  append,
  counted,
  METADATA,
  secretsTable,
  SECRET_TAKEN,
  tallyCodec,
  uniqueKeys,
  type TallyEvent,
} from '../../src/testing/tallyDomain.ts';

/** Counts up to a limit; counting nothing changes nothing. */
const decider: Decider<number, { readonly amount: number }, TallyEvent, 'too_much'> = {
  initialState: 0,
  decide({ amount }, total) {
    if (total + amount > 10) return reject('too_much' as const);
    return amount === 0 ? accept() : accept(counted('a', amount));
  },
  evolve: (total, event) => (event.type === 'Counted' ? total + event.data.amount : total),
};

function openLog() {
  const store = createMemoryEventStore<TallyEvent>({
    codec: tallyCodec,
    projections: [],
    tables: [secretsTable],
    uniqueKeys,
  });
  const log: CommandLog<TallyEvent> = {
    readStreams: (ids) => store.readStreams(ids),
    append: (unit) => store.commit([unit]),
  };
  return { store, log };
}

const count = (log: CommandLog<TallyEvent>, amount: number, inserts = {}) =>
  handleCommand({
    log,
    decider,
    streamId: 'a',
    command: { amount },
    metadata: METADATA,
    ...inserts,
  });

describe('handleCommand', () => {
  it('appends what is decided, and gives it back as it was recorded', async () => {
    const { log } = openLog();
    await count(log, 3);
    expect(await count(log, 4)).toMatchObject({
      kind: 'accepted',
      events: [{ version: 2, event: counted('a', 4), metadata: METADATA }],
    });
  });

  it('gives a rejection as a value, and appends nothing', async () => {
    const { store, log } = openLog();
    expect(await count(log, 11)).toEqual({ kind: 'rejected', rejection: 'too_much' });
    expect((await store.head()).position).toBe(0);
  });

  it('accepts a command that changes nothing', async () => {
    const { log } = openLog();
    await count(log, 3);
    expect(await count(log, 0)).toEqual({ kind: 'accepted', events: [] });
  });

  it('decides again on the new state when another writer was faster', async () => {
    const { store, log } = openLog();
    let rivals = 2;
    const raced: CommandLog<TallyEvent> = {
      ...log,
      async append(unit) {
        const version = unit.streams[0]?.expectedVersion ?? 0;
        if (rivals-- > 0)
          await store.commit([{ streams: [append('a', version, counted('a', 4))] }]);
        return log.append(unit);
      },
    };
    expect(await count(raced, 2)).toMatchObject({ kind: 'accepted', events: [{ version: 3 }] });
    rivals = 0;
    // 4 + 4 + 2: it was decided on what the rivals had left.
    expect(await count(raced, 1)).toEqual({ kind: 'rejected', rejection: 'too_much' });
  });

  it('gives up retryably when others are faster five times in a row', async () => {
    const { store, log } = openLog();
    let attempts = 0;
    const raced: CommandLog<TallyEvent> = {
      ...log,
      async append(unit) {
        const version = attempts++;
        await store.commit([{ streams: [append('a', version, counted('a', 0))] }]);
        return log.append(unit);
      },
    };
    await expect(count(raced, 1)).rejects.toMatchObject({
      code: 'stream_busy',
      retryable: true,
    });
    expect(attempts).toBe(5);
  });

  it('does not try again what breaks a unique constraint', async () => {
    const { store, log } = openLog();
    const secret = (id: number) => ({
      inserts: [{ table: 'secrets', row: { id, secret: 'same' } }],
    });
    await count(log, 1, secret(1));
    await expect(count(log, 1, secret(2))).rejects.toMatchObject({
      kind: 'unique',
      subject: SECRET_TAKEN,
    });
    expect((await store.head()).position).toBe(1);
  });
});
