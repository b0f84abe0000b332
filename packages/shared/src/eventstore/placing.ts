// Appends on their way into the log: serialized and checked before the transaction, chained and numbered inside it.
import { AppError } from '../runtime/appError.ts';
import type { DomainEvent } from './decider.ts';
import {
  ConflictError,
  type EventCodec,
  type EventMetadata,
  type RecordedEvent,
  type StreamAppend,
  type Unit,
} from './eventStore.ts';
import { chainHash, GENESIS_HASH, type HashedEvent } from './hashChain.ts';

/** One event's `data` and `metadata` together, in bytes: its message must fit a Kafka record with room to spare. */
export const MAX_EVENT_BYTES = 65_536;

/** An append whose events are serialized and checked; only their place in the log is missing. */
export interface PreparedAppend<Event extends DomainEvent> {
  readonly streamId: string;
  readonly expectedVersion: number;
  readonly events: readonly PreparedEvent<Event>[];
}

interface PreparedEvent<Event extends DomainEvent> {
  readonly event: Event;
  readonly metadata: EventMetadata;
  readonly stored: Omit<HashedEvent, 'streamId' | 'version'>;
}

/** An event with its place in the log, and what is stored for it. */
export interface PlacedEvent<Event extends DomainEvent> {
  readonly recorded: RecordedEvent<Event>;
  readonly stored: HashedEvent;
}

/** Where a stream ends: its version and the hash of its last event. */
export interface StreamHead {
  readonly version: number;
  readonly hash: string;
}

const EMPTY_STREAM: StreamHead = { version: 0, hash: GENESIS_HASH };

/**
 * Serializes all appends of the units, in order. Throws AppError 'event_too_large' or 'stream_id_invalid' before any
 * lock is taken.
 */
export function prepareAppends<Event extends DomainEvent>(
  units: readonly Unit<Event, DomainEvent>[],
  codec: EventCodec<Event>,
): readonly PreparedAppend<Event>[] {
  return units.flatMap((unit) => unit.streams.map((append) => prepareAppend(append, codec)));
}

function prepareAppend<Event extends DomainEvent>(
  append: StreamAppend<Event>,
  codec: EventCodec<Event>,
): PreparedAppend<Event> {
  const { streamId, expectedVersion } = append;
  // The columns' collation ignores spaces at the end: without this check 'user-1' and 'user-1 ' were one stream.
  if (!/^[!-~]{1,100}$/.test(streamId))
    throw new AppError(
      'stream_id_invalid',
      `Stream id "${streamId}" is not 1 to 100 printable ASCII characters without spaces`,
      { retryable: false },
    );
  const events = append.events.map(({ event, metadata }) => {
    const stored = {
      type: event.type,
      schemaVersion: codec.schemaVersionOf(event.type),
      data: JSON.stringify(event.data),
      metadata: JSON.stringify(metadata),
    };
    const bytes = Buffer.byteLength(stored.data) + Buffer.byteLength(stored.metadata);
    if (bytes > MAX_EVENT_BYTES)
      throw new AppError(
        'event_too_large',
        `${event.type} of ${streamId} has ${bytes} bytes; at most ${MAX_EVENT_BYTES} can be stored`,
        { retryable: false },
      );
    return { event, metadata, stored };
  });
  return { streamId, expectedVersion, events };
}

/**
 * The streams whose heads must be read under the log head's lock. Not those that are to begin here: their previous
 * hash is known, and the unique key on (stream_id, version) refuses a second beginning. A stream that is only
 * asserted has no insert that could fail, so it is always read.
 */
export function streamsToRead(appends: readonly PreparedAppend<DomainEvent>[]): readonly string[] {
  const begun = new Set<string>();
  const read = new Set<string>();
  for (const { streamId, expectedVersion, events } of appends) {
    if (begun.has(streamId)) continue;
    if (expectedVersion === 0 && events.length > 0) begun.add(streamId);
    else read.add(streamId);
  }
  return [...read];
}

/**
 * Gives each event its version, hash and position. Each append must start at its stream's current version: the unique
 * key alone would let an expected version that is too high through, and leave a hole. Throws ConflictError 'version'.
 */
export function placeEvents<Event extends DomainEvent>(
  appends: readonly PreparedAppend<Event>[],
  heads: ReadonlyMap<string, StreamHead>,
  log: { readonly incarnation: number; readonly firstPosition: number },
): readonly PlacedEvent<Event>[] {
  const current = new Map(heads);
  const placed: PlacedEvent<Event>[] = [];
  for (const { streamId, expectedVersion, events } of appends) {
    let head = current.get(streamId) ?? EMPTY_STREAM;
    if (head.version !== expectedVersion) throw new ConflictError('version', streamId);
    for (const { event, metadata, stored: texts } of events) {
      const stored: HashedEvent = { ...texts, streamId, version: head.version + 1 };
      head = { version: stored.version, hash: chainHash(head.hash, stored) };
      const recorded: RecordedEvent<Event> = {
        incarnation: log.incarnation,
        position: log.firstPosition + placed.length,
        streamId,
        version: head.version,
        event,
        schemaVersion: texts.schemaVersion,
        metadata,
        hash: head.hash,
      };
      placed.push({ recorded, stored });
    }
    current.set(streamId, head);
  }
  return placed;
}
