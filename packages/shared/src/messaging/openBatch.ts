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
import type { StreamStart } from './stateCache.ts';
import type { IncomingRecord, TopicPartition } from './transport.ts';

/** The key under which records are parked that are no messages. */
export const UNREADABLE_KEY = '(unreadable)';
/** Of a reason, or of an answer to a wish, in characters. */
export const MAX_REASON_LENGTH = 2_000;

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

/** A batch under decision. */
export class OpenBatch<Event extends DomainEvent, Fact extends DomainEvent> {
  readonly #consumer: string;
  readonly #parkedBefore: ReadonlySet<string>;
  readonly #now: () => number;
  readonly #streams: StreamAppend<Event>[] = [];
  readonly #touched = new Set<string>();
  readonly #facts: Fact[] = [];
  readonly #parked: ParkedMessage[] = [];
  readonly #poison: ParkedMessage[] = [];
  readonly #parkedKeys = new Set<string>();

  /** `parkedBefore`: `topic/key` of keys that have parked messages already. `now`: milliseconds since 1970. */
  constructor(consumer: string, parkedBefore: ReadonlySet<string>, now: () => number) {
    this.#consumer = consumer;
    this.#parkedBefore = parkedBefore;
    this.#now = now;
  }

  isParked(topic: string, key: string): boolean {
    const name = `${topic}/${key}`;
    return this.#parkedBefore.has(name) || this.#parkedKeys.has(name);
  }

  /** Parks a message, and with it its key. */
  park(at: TopicPartition, item: NextMessage, reason: string, kind: 'poison' | 'follower'): void {
    const { key, place } = item.message;
    this.#add(at, item.record, { key, place, reason }, kind);
    this.#parkedKeys.add(`${at.topic}/${key}`);
  }

  /**
   * Parks a record alone that is no message. It has no place of its own: incarnation 0 is never a message's, and the
   * time and number keep such rows apart and in order; its offset would not, since offsets begin again when a topic is
   * made again.
   */
  parkUnreadable(at: TopicPartition, record: IncomingRecord, cause: string): void {
    const place = { incarnation: 0, position: this.#now(), part: this.#parked.length };
    const reason = `offset ${record.offset}: ${cause}`.slice(0, MAX_REASON_LENGTH);
    this.#add(at, record, { key: UNREADABLE_KEY, place, reason }, 'poison');
    // No message follows it, but who redrives looks for wishes only while it knows of a parked key.
    this.#parkedKeys.add(`${at.topic}/${UNREADABLE_KEY}`);
  }

  addFact(fact: Fact): void {
    this.#facts.push(fact);
  }

  /** Appends to a stream that stands at `start` with all that this batch has appended so far. */
  append(
    streamId: string,
    start: StreamStart,
    events: readonly Event[],
    cause: InboundMessage,
  ): void {
    // The version is asserted by the first append to a stream; one without events adds nothing to that.
    if (events.length === 0 && this.#touched.has(streamId)) return;
    this.#touched.add(streamId);
    const metadata = metadataFrom(cause);
    this.#streams.push({
      streamId,
      expectedVersion: start.version,
      head: start.head,
      events: events.map((event) => ({ event, metadata })),
    });
  }

  /** Adds the cursor moves and gives the result. */
  close(
    slices: readonly { readonly state: PartitionState; readonly after: Progress }[],
  ): BatchContent<Event, Fact> {
    const cursors = slices.flatMap(
      ({ state, after }) => moveOf(this.#consumer, state, after) ?? [],
    );
    const [streams, facts, parked] = [this.#streams, this.#facts, this.#parked];
    return {
      unit: { streams, facts, parked, cursors },
      poison: this.#poison,
      parkedKeys: this.#parkedKeys,
      weighs: streams.length + facts.length + parked.length > 0,
    };
  }

  #add(
    { topic, partition }: TopicPartition,
    record: IncomingRecord,
    row: Pick<ParkedMessage, 'key' | 'place' | 'reason'>,
    kind: 'poison' | 'follower',
  ): void {
    const parked: ParkedMessage = {
      ...{ consumer: this.#consumer, topic, partition, ...row },
      value: record.value?.toString('utf8') ?? '',
      parkedAt: new Date(this.#now()).toISOString(),
    };
    this.#parked.push(parked);
    if (kind === 'poison') this.#poison.push(parked);
  }
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
  const { place: from, nextOffset: fromOffset } = stored;
  return { consumer, from, fromOffset, to: { topic, partition, place: after.place, nextOffset } };
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
