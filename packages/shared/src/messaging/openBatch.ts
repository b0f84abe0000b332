// What one batch will write, collected message by message: appends, facts, parked rows, and last the cursor moves.
import type { DomainEvent } from '../eventstore/decider.ts';
import type {
  CursorMove,
  EventMetadata,
  ParkedMessage,
  StreamAppend,
  Unit,
} from '../eventstore/eventStore.ts';
import { formatPlace } from './chain.ts';
import type { InboundMessage } from './envelope.ts';
import type { NextMessage } from './judgement.ts';
import type { PartitionState, Progress } from './partitionState.ts';
import type { IncomingRecord, TopicPartition } from './transport.ts';

/** The key under which records are parked that are no messages. */
export const UNREADABLE_KEY = '(unreadable)';
const MAX_REASON_LENGTH = 2_000;

/** A batch under decision. */
export interface OpenBatch<Event extends DomainEvent, Fact extends DomainEvent> {
  isParked(topic: string, key: string): boolean;
  park(at: TopicPartition, item: NextMessage, reason: string, kind: 'poison' | 'follower'): void;
  parkUnreadable(at: TopicPartition, record: IncomingRecord, reason: string): void;
  addFact(fact: Fact): void;
  /** Appends to a stream that stands at `version` with all that this batch has appended so far. */
  append(streamId: string, version: number, events: readonly Event[], cause: InboundMessage): void;
  /** Adds the cursor moves and gives the result. */
  close(
    slices: readonly { readonly state: PartitionState; readonly after: Progress }[],
  ): BatchContent<Event, Fact>;
}

/** What a batch writes, and what of it is parked. */
export interface BatchContent<Event extends DomainEvent, Fact extends DomainEvent> {
  readonly unit: Unit<Event, Fact>;
  /** Messages that are parked for a reason of their own, not as followers. */
  readonly poison: readonly ParkedMessage[];
  /** `topic/key` of what is parked. */
  readonly parkedKeys: ReadonlySet<string>;
  /** True if it writes more than cursor moves: then it is committed at once. */
  readonly weighs: boolean;
}

/** Opens an empty batch. `parkedBefore`: `topic/key` of keys that have parked messages already. */
export function openBatch<Event extends DomainEvent, Fact extends DomainEvent>(
  consumer: string,
  parkedBefore: ReadonlySet<string>,
  now: () => number,
): OpenBatch<Event, Fact> {
  const streams: StreamAppend<Event>[] = [];
  const touched = new Set<string>();
  const facts: Fact[] = [];
  const parked: ParkedMessage[] = [];
  const poison: ParkedMessage[] = [];
  const parkedKeys = new Set<string>();

  return {
    isParked(topic, key) {
      const name = `${topic}/${key}`;
      return parkedBefore.has(name) || parkedKeys.has(name);
    },
    park({ topic, partition }, { record, message }, reason, kind) {
      const { key, place } = message;
      const value = textOf(record);
      const parkedAt = new Date(now()).toISOString();
      const row = { consumer, topic, partition, key, place, value, reason, parkedAt };
      parked.push(row);
      if (kind === 'poison') poison.push(row);
      parkedKeys.add(`${topic}/${key}`);
    },
    parkUnreadable({ topic, partition }, record, reason) {
      // It has no place of its own. Incarnation 0 is never a message's, and the time and number keep such rows apart
      // and in order; its offset alone would not, since offsets begin again in a topic that is made again.
      const place = { incarnation: 0, position: now(), part: parked.length };
      const row: ParkedMessage = {
        ...{ consumer, topic, partition, key: UNREADABLE_KEY, place },
        value: textOf(record),
        reason: `offset ${record.offset}: ${reason}`.slice(0, MAX_REASON_LENGTH),
        parkedAt: new Date(now()).toISOString(),
      };
      parked.push(row);
      poison.push(row);
    },
    addFact(fact) {
      facts.push(fact);
    },
    append(streamId, version, events, cause) {
      // The version is asserted by the first append to a stream; one without events adds nothing to that.
      if (events.length === 0 && touched.has(streamId)) return;
      touched.add(streamId);
      const metadata = metadataFrom(cause);
      streams.push({
        streamId,
        expectedVersion: version,
        events: events.map((event) => ({ event, metadata })),
      });
    },
    close(slices) {
      const cursors = slices.flatMap(({ state, after }) => moveOf(consumer, state, after) ?? []);
      const weighs = streams.length + facts.length + parked.length > 0;
      return { unit: { streams, facts, parked, cursors }, poison, parkedKeys, weighs };
    },
  };
}

/** The move of a partition's cursor from where MySQL has it; undefined if it stays there. */
export function moveOf(
  consumer: string,
  { topic, partition, stored }: PartitionState,
  after: Progress,
): CursorMove | undefined {
  const nextOffset = String(after.nextOffset);
  if (formatPlace(after.place) === formatPlace(stored.place) && nextOffset === stored.nextOffset)
    return undefined;
  return { consumer, from: stored.place, to: { topic, partition, place: after.place, nextOffset } };
}

/** An error as the reason of a parked message. */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.slice(0, MAX_REASON_LENGTH);
}

function metadataFrom({ correlationId, id, traceparent }: InboundMessage): EventMetadata {
  return {
    correlationId,
    causationId: id,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

function textOf(record: IncomingRecord): string {
  return record.value?.toString('utf8') ?? '';
}
