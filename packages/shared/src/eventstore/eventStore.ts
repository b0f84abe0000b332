// The event store's contract: what one transaction carries, what is read back, and the conflicts it can end in.
import type { LogHistory, Place } from '../messaging/chain.ts';
import type { DomainEvent } from './decider.ts';
import type { TableChanges } from './projection.ts';

/** Why an event was recorded: kept with it, and sent on with its messages. */
export interface EventMetadata {
  readonly correlationId: string;
  /** Id of the request or message that caused the event. */
  readonly causationId: string;
  readonly traceparent?: string;
}

/** Turns a service's events into stored JSON and back. `parse` reads every schema version ever written. */
export interface EventCodec<Event extends DomainEvent> {
  /** The schema version in which an event of this type is written today. */
  schemaVersionOf(type: Event['type']): number;
  /** Parses stored data. Throws if type, version or data are unknown: such a log belongs to a newer build. */
  parse(type: string, schemaVersion: number, data: unknown): Event;
}

/** An event as it stands in the log. */
export interface RecordedEvent<Event extends DomainEvent> {
  readonly incarnation: number;
  /** Gap-free, 1-based, in commit order within its schema. */
  readonly position: number;
  readonly streamId: string;
  /** 1-based within its stream. */
  readonly version: number;
  readonly event: Event;
  readonly schemaVersion: number;
  readonly metadata: EventMetadata;
  /** Hex SHA-256 over the stream's previous hash and this event's stored bytes. */
  readonly hash: string;
}

/** Where a stream ends: its version, and the hash and incarnation of the event that stands there. */
export interface StreamHead {
  readonly version: number;
  readonly hash: string;
  readonly incarnation: number;
}

/** Events for one stream. No events: the transaction only asserts that the stream is still at `expectedVersion`. */
export interface StreamAppend<Event extends DomainEvent> {
  readonly streamId: string;
  /** The version the decision was made on; 0 for a stream that does not exist yet. */
  readonly expectedVersion: number;
  /**
   * The event at `expectedVersion`, if the caller holds it: as a commit has returned it, or as it was read. It saves the
   * store a read under the log head's lock (ADR 11). Never one that is made up, or that is not committed yet.
   */
  readonly head?: StreamHead | undefined;
  readonly events: readonly { readonly event: Event; readonly metadata: EventMetadata }[];
}

/** A consumer's place in one partition of one topic. */
export interface Cursor {
  readonly topic: string;
  readonly partition: number;
  /** The message handled last. */
  readonly place: Place;
  /** The Kafka offset to read next (a decimal string, as Kafka's offsets are 64 bit). Only a hint: the place decides. */
  readonly nextOffset: string;
  /** As it was read: what counts of the topic's earlier incarnations, if its publisher was restored. */
  readonly history?: LogHistory;
}

/** Moves a cursor from one place to another; fails the transaction if another owner has moved it meanwhile. */
export interface CursorMove {
  readonly consumer: string;
  readonly from: Place;
  /** The offset that stands beside `from`: what has no place (a record that is no message) moves the offset alone. */
  readonly fromOffset: string;
  readonly to: Cursor;
}

/** A message that could not be handled, kept with all later ones of its key, in order. */
export interface ParkedMessage {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly place: Place;
  /** The record's value, byte for byte (or as much as could be decoded as UTF-8). */
  readonly value: string;
  /** The cause in words; for a follower: that its key was parked before it. */
  readonly reason: string;
  /** ISO 8601. */
  readonly parkedAt: string;
}

/** Names the parked messages of one key. */
export type ParkedKey = Pick<ParkedMessage, 'consumer' | 'topic' | 'key'>;

/** Names one of them. */
export type ParkedPlace = ParkedKey & Pick<ParkedMessage, 'place'>;

/** What an operator wants done: handle the key's messages again, in order; or give the first one up. */
export type Wish = 'retry' | 'drop';

/** A parked message with what is wished about it, and what came of the last wish if it could not be fulfilled. */
export interface KeptMessage extends ParkedMessage {
  readonly wish: Wish | null;
  readonly answer: string | null;
}

/** A message about which something is wished. */
export type WishedMessage = ParkedPlace &
  Pick<ParkedMessage, 'partition'> & { readonly wish: Wish };

/** Messages of one key that are parked no longer, from the first on, and what is noted at one that stays. */
export interface Redrive {
  readonly key: ParkedKey;
  /** By which it was decided what they lead to; an operator may have changed it since. */
  readonly wish: Wish;
  readonly removed: readonly Place[];
  readonly kept?: Pick<KeptMessage, 'place' | 'reason' | 'wish' | 'answer'> | undefined;
}

/** A row written beside the events that is no read model, because no event may carry its content (personal data). */
export interface RowInsert {
  readonly table: string;
  readonly row: Readonly<Record<string, string | number | null>>;
  /** A column whose value may be given once, if the table has one beside its key: rows are inserted in its order. */
  readonly uniqueColumn?: string;
}

/** One unit of work: all of it is committed, or nothing. `Fact` are others' events that read models fold. */
export interface Unit<Event extends DomainEvent, Fact extends DomainEvent = never> {
  readonly streams: readonly StreamAppend<Event>[];
  readonly inserts?: readonly RowInsert[];
  readonly cursors?: readonly CursorMove[];
  readonly parked?: readonly ParkedMessage[];
  /** Goes with the effects of the messages that it removes: they happen once, whoever tries. */
  readonly redrive?: Redrive;
  /** Folded into read models before the unit's own events. */
  readonly facts?: readonly Fact[];
}

/** A unit lost a race and can be decided again, or breaks a uniqueness rule and cannot. */
export class ConflictError extends Error {
  readonly kind: 'version' | 'cursor' | 'unique' | 'row';
  /** Which stream, cursor or constraint. */
  readonly subject: string;
  constructor(kind: ConflictError['kind'], subject: string, options?: ErrorOptions) {
    super(`Conflict on ${kind} ${subject}`, options);
    this.name = 'ConflictError';
    this.kind = kind;
    this.subject = subject;
  }
}

/** A stream's state at one of its events, as text. It saves reading the events up to there, and proves nothing. */
export interface Snapshot extends StreamHead {
  readonly state: string;
}

/** Which part of streams to read. */
export interface StreamRange {
  /** By stream: only events above this version. */
  readonly after?: ReadonlyMap<string, number>;
  /** Events at most, of all streams together, taken in the order of their ids. */
  readonly limit?: number;
}

/**
 * Hears of a commit: the events that it recorded, and the read models' rows that it has written. The rows are as this
 * commit left them; a later one may have written them again by the time the listener is told.
 */
export type CommitListener<Event extends DomainEvent> = (
  events: readonly RecordedEvent<Event>[],
  changes: readonly TableChanges[],
) => void;

/** The log of one service, with what is committed beside it. Two implementations: MySQL, and in memory for tests. */
export interface EventStore<Event extends DomainEvent, Fact extends DomainEvent = never> {
  /**
   * Commits all units in one transaction, events in the order given, and returns the recorded events.
   * Throws ConflictError (nothing was written; 'version': a stream moved, 'cursor': another owner, 'unique': a named
   * constraint, 'row': a read-model row was created meanwhile, decide or try again) or a retryable AppError.
   * When the connection breaks at COMMIT the outcome is read back, never guessed.
   */
  commit(units: readonly Unit<Event, Fact>[]): Promise<readonly RecordedEvent<Event>[]>;
  /**
   * Events of the streams, by stream id and in version order; a stream without events (in the range, if one is given)
   * is absent from the map.
   */
  readStreams(
    streamIds: readonly string[],
    range?: StreamRange,
  ): Promise<ReadonlyMap<string, readonly RecordedEvent<Event>[]>>;
  /** The current version of each stream; a stream without events is absent from the map. Cheaper than reading them. */
  readVersions(streamIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * The streams' snapshots in this schema version of the state; only those that stand on an event which the log has, so
   * that a log that was put back to an earlier state is not read on from one that it does not have.
   */
  readSnapshots(
    streamIds: readonly string[],
    stateSchemaVersion: number,
  ): Promise<ReadonlyMap<string, Snapshot>>;
  /** Replaces the streams' snapshots. Throws a retryable AppError. */
  writeSnapshots(
    snapshots: ReadonlyMap<string, Snapshot>,
    stateSchemaVersion: number,
  ): Promise<void>;
  /** At most `limit` events with a position above `after`, in order. */
  readLog(after: number, limit: number): Promise<readonly RecordedEvent<Event>[]>;
  /** The log's head: incarnation and last committed position (0: empty). */
  head(): Promise<{ readonly incarnation: number; readonly position: number }>;
  /** A consumer's cursors in a topic; partitions never handled before are made at START, offset '0'. */
  readCursors(
    consumer: string,
    topic: string,
    partitions: readonly number[],
  ): Promise<readonly Cursor[]>;
  /** Those keys of a consumer that have parked messages (`${topic}/${key}`), of the given topic. */
  readParkedKeys(consumer: string, topic: string): Promise<ReadonlySet<string>>;
  /** The first parked messages of a key, in order, at most `limit`; with `from`, those that stand there and behind. */
  readParked(key: ParkedKey, limit: number, from?: Place): Promise<readonly KeptMessage[]>;
  /** The parked messages of a consumer about which somebody wishes something. */
  readWishes(consumer: string): Promise<readonly WishedMessage[]>;
  /**
   * Calls back after each commit of this process that has recorded events, with them and with the read-model rows that
   * it wrote. Returns the way to stop that.
   */
  onCommitted(listener: CommitListener<Event>): () => void;
}
