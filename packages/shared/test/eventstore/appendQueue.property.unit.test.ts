// Whatever units come together, and whoever writes beside the queue: each unit is written once, or fails for its own reason.
import fc from 'fast-check';
import { createAppendQueue } from '../../src/eventstore/appendQueue.ts';
import { ConflictError, type RecordedEvent, type Unit } from '../../src/eventstore/eventStore.ts';
import { append, counted, type TallyEvent } from '../../src/testing/tallyDomain.ts';
import { openNotingStore, streamsOf } from './notingStore.ts';

// Many streams and mostly right versions, so that most batches have several units that can be written.
const streamIds = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const request = fc.record({
  streamId: streamIds,
  expectedVersion: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
  events: fc.integer({ min: 0, max: 3 }),
  secret: fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
  // How many turns of the event loop pass before it is handed in, and by whom.
  turns: fc.integer({ min: 0, max: 4 }),
  by: fc.constantFrom('a request', 'a consumer', 'another process'),
});

/** A unit may fail only for a reason of its own: its version is not (or no longer) there, or its secret is taken. */
function expectFairLosses(
  requests: readonly { streamId: string; expectedVersion: number; secret: number | null }[],
  outcomes: readonly PromiseSettledResult<readonly RecordedEvent<TallyEvent>[]>[],
  log: readonly RecordedEvent<TallyEvent>[],
): void {
  outcomes.forEach((outcome, index) => {
    const asked = requests[index];
    if (outcome.status === 'fulfilled' || asked === undefined) return;
    const conflict = outcome.reason as ConflictError;
    if (conflict.kind === 'unique') {
      const rivals = requests.filter(
        (other, i) => other.secret === asked.secret && outcomes[i]?.status === 'fulfilled',
      );
      expect(rivals).toHaveLength(1);
      return;
    }
    expect(conflict).toMatchObject({ kind: 'version', subject: asked.streamId });
    const versions = log.filter((event) => event.streamId === asked.streamId).length;
    // Lost to somebody who wrote that version, or ahead of the stream when it was tried.
    expect(versions > asked.expectedVersion || asked.expectedVersion > 0).toBe(true);
  });
}

it('writes each unit once or fails it with its own conflict, whatever comes together', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 25 }), async (requests) => {
      const { store, batches } = openNotingStore();
      const queue = createAppendQueue(store, { maxBatchEvents: 6 });
      const attempts = requests.map(async (one, index) => {
        for (let turn = 0; turn < one.turns; turn += 1) await new Promise(setImmediate);
        const asked: Unit<TallyEvent> = {
          streams: [
            append(
              one.streamId,
              one.expectedVersion,
              // The amount marks the event as this request's own.
              ...Array.from({ length: one.events }, () => counted(one.streamId, index)),
            ),
          ],
          inserts:
            one.secret === null
              ? []
              : [{ table: 'secrets', row: { id: index, secret: `s${one.secret}` } }],
        };
        if (one.by === 'another process') return store.commit([asked]);
        return one.by === 'a consumer' ? queue.commitAhead([asked]) : queue.append(asked);
      });
      const outcomes = await Promise.allSettled(attempts);
      await queue.drain();
      const log = await store.readLog(0, 1_000);
      outcomes.forEach((outcome, index) => {
        const own = log.filter(
          ({ event }) => event.type === 'Counted' && event.data.amount === index,
        );
        const insert = store.rows('secrets').filter((row) => row.id === index);
        if (outcome.status === 'fulfilled') {
          expect(outcome.value).toEqual(own);
          expect(own).toHaveLength(requests[index]?.events ?? 0);
          expect(insert).toHaveLength(requests[index]?.secret === null ? 0 : 1);
        } else {
          expect(outcome.reason).toBeInstanceOf(ConflictError);
          expect([...own, ...insert]).toEqual([]);
        }
      });
      expectFairLosses(requests, outcomes, log);
      for (const batch of batches) {
        expect(new Set(streamsOf(batch)).size).toBe(batch.length);
        const events = batch.flatMap(({ streams }) => streams.flatMap((s) => s.events));
        // Requests' events, and one consumer's, which has three at most.
        if (batch.length > 1) expect(events.length).toBeLessThanOrEqual(6 + 3);
      }
    }),
    { numRuns: 300 },
  );
});
