// Appends on their way into the log: serialized and checked before the transaction, chained and numbered inside it.
import { AppError } from '../runtime/appError.ts';
import type { DomainEvent } from './decider.ts';
import {
  ConflictError,
  type EventCodec,
  type EventMetadata,
  type RecordedEvent,
  type StreamAppend,
  type StreamHead,
  type Unit,
} from './eventStore.ts';
import { chainHash, GENESIS_HASH, type HashedEvent } from './hashChain.ts';

/** One event's `data` and `metadata` together, in bytes: its message must fit a Kafka record with room to spare. */
export const MAX_EVENT_BYTES = 65_536;

/** An append whose events are serialized and checked; only their place in the log is missing. */
export interface PreparedAppend<Event extends DomainEvent> {
  readonly streamId: string;
  readonly expectedVersion: number;
  readonly head: StreamHead | undefined;
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

/** What a stream's next event follows. */
export type Predecessor = Pick<StreamHead, 'version' | 'hash'>;

const EMPTY_STREAM: Predecessor = { version: 0, hash: GENESIS_HASH };

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
  const { streamId, expectedVersion, head } = append;
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
  return { streamId, expectedVersion, head, events };
}

/**
 * The streams whose heads must be read under the log head's lock, and the heads that need no reading.
 *
 * The race: two writers decide on the same version, and both append. Who comes second must fail, and must neither leave
 * a hole nor chain to a hash that never was. A head that a caller carries is of an event that was committed. Events are
 * never changed and versions only grow, so that event still stands at that version with that hash, whoever has written
 * since; and if somebody has, the next version is taken, and the unique key on (stream_id, version) refuses the insert.
 * So no read is needed. A stream that is to begin here is the same case: before its first version stands nothing.
 *
 * What ends this is a database that was brought back to an earlier state: then an event that was committed may be gone.
 * The operator raises the incarnation with it, so a head of another incarnation than the log's is not trusted.
 * A stream that is only asserted has no insert that could fail: it is always read.
 */
export function splitByKnownHead(
  appends: readonly PreparedAppend<DomainEvent>[],
  incarnation: number,
): { readonly known: ReadonlyMap<string, Predecessor>; readonly toRead: readonly string[] } {
  const known = new Map<string, Predecessor>();
  const toRead = new Set<string>();
  for (const append of appends) {
    const { streamId } = append;
    // A later append to the same stream in this transaction follows the first one.
    if (known.has(streamId) || toRead.has(streamId)) continue;
    const predecessor = append.events.length > 0 ? predecessorOf(append, incarnation) : undefined;
    if (predecessor === undefined) toRead.add(streamId);
    else known.set(streamId, predecessor);
  }
  return { known, toRead: [...toRead] };
}

function predecessorOf(
  { expectedVersion, head }: PreparedAppend<DomainEvent>,
  incarnation: number,
): Predecessor | undefined {
  if (expectedVersion === 0) return EMPTY_STREAM;
  return head?.version === expectedVersion && head.incarnation === incarnation ? head : undefined;
}

/**
 * Gives each event its version, hash and position. Each append must start at its stream's head as read or known: the
 * unique key alone would let an expected version that is too high through, and leave a hole. Throws ConflictError
 * 'version'.
 */
export function placeEvents<Event extends DomainEvent>(
  appends: readonly PreparedAppend<Event>[],
  heads: ReadonlyMap<string, Predecessor>,
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
