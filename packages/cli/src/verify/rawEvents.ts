// The rows of an event log as they are stored, read in pages: while one page is looked at, the next is on its way.
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { EventMetadata } from '@orderflow/shared/eventstore/eventStore.ts';

/** A row of `events`, not parsed yet. */
export interface RawEvent {
  readonly incarnation: number;
  readonly position: number;
  readonly streamId: string;
  readonly version: number;
  readonly type: string;
  readonly schemaVersion: number;
  /** The stored JSON texts, byte for byte. */
  readonly data: string;
  readonly metadata: string;
  /** Hex. */
  readonly hash: string;
  /** The metadata parsed; its texts are empty where it cannot be. */
  readonly cause: EventMetadata;
}

/** What rows are read from: a connection on which a snapshot is open. */
export type Reader = Pick<Connection, 'query'>;

const COLUMNS =
  'incarnation, position, stream_id, version, type, schema_version, data, metadata, hash';

/** Rows in a page: some megabytes at most, as an event has 64 KiB at most and is far smaller as a rule. */
const PAGE_ROWS = 2_000;

/** Rows of a SELECT as arrays, in the order of its columns. */
export async function readArrays(
  reader: Reader,
  sql: string,
  values: readonly unknown[],
): Promise<readonly (readonly unknown[])[]> {
  const [rows] = await reader.query<RowDataPacket[][]>({ sql, rowsAsArray: true }, [...values]);
  return rows;
}

async function readEvents(
  reader: Reader,
  where: string,
  values: readonly unknown[],
): Promise<RawEvent[]> {
  const rows = await readArrays(reader, `SELECT ${COLUMNS} FROM events ${where}`, values);
  return rows.map(toRawEvent);
}

/** By hand and not by a schema: this is done for each of millions of rows. */
function toRawEvent(row: readonly unknown[]): RawEvent {
  const [incarnation, position, streamId, version, type] = row;
  const [, , , , , schemaVersion, data, metadata, hash] = row;
  if (
    typeof incarnation !== 'number' ||
    typeof position !== 'number' ||
    typeof streamId !== 'string' ||
    typeof version !== 'number' ||
    typeof type !== 'string' ||
    typeof schemaVersion !== 'number' ||
    typeof data !== 'string' ||
    typeof metadata !== 'string' ||
    !Buffer.isBuffer(hash)
  )
    throw new Error(`A row of events has unknown columns: ${JSON.stringify(row)}`);
  return {
    ...{ incarnation, position, streamId, version, type, schemaVersion, data, metadata },
    hash: hash.toString('hex'),
    cause: parseMetadata(metadata),
  };
}

function parseMetadata(text: string): EventMetadata {
  const unknown = { correlationId: '', causationId: '' };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return unknown;
  }
  if (
    typeof parsed !== 'object' ||
    parsed === null ||
    !('causationId' in parsed && typeof parsed.causationId === 'string') ||
    !('correlationId' in parsed && typeof parsed.correlationId === 'string')
  )
    return unknown;
  const { causationId, correlationId } = parsed;
  const traceparent = 'traceparent' in parsed ? parsed.traceparent : undefined;
  return typeof traceparent === 'string'
    ? { correlationId, causationId, traceparent }
    : { correlationId, causationId };
}

/** The event at a position; undefined if there is none. */
export async function readEventAt(reader: Reader, position: number): Promise<RawEvent | undefined> {
  return (await readEvents(reader, 'WHERE position = ?', [position]))[0];
}

/** A stream's events up to a position of the log, in order, page by page. */
export async function* streamPages(
  reader: Reader,
  streamId: string,
  upTo = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<readonly RawEvent[]> {
  const where = `FORCE INDEX (uq_events_stream_version)
    WHERE stream_id = ? AND version > ? AND position <= ? ORDER BY version LIMIT ${PAGE_ROWS}`;
  for (let last = 0; ;) {
    const page = await readEvents(reader, where, [streamId, last, upTo]);
    if (page.length > 0) yield page;
    if (page.length < PAGE_ROWS) return;
    last = page.at(-1)?.version ?? last;
  }
}

/** A log in the order of its positions, with a look at what comes next. */
export class LogReader {
  readonly #reader: Reader;
  #page: readonly RawEvent[] = [];
  #index = 0;
  #next: Promise<readonly RawEvent[]> | undefined;

  /** Reads from behind the position `after`. */
  constructor(reader: Reader, after: number) {
    this.#reader = reader;
    this.#next = this.#fetch(after);
  }

  /** True if `peek` has an answer without waiting: the next event, or that there is none. */
  isReady(): boolean {
    return this.#index < this.#page.length || this.#next === undefined;
  }

  /** Brings the next page. */
  async load(): Promise<void> {
    if (this.isReady() || this.#next === undefined) return;
    this.#page = await this.#next;
    this.#index = 0;
    const last = this.#page.at(-1);
    this.#next =
      last === undefined || this.#page.length < PAGE_ROWS ? undefined : this.#fetch(last.position);
  }

  /** The next event; undefined at the end. Only when it is ready. */
  peek(): RawEvent | undefined {
    return this.#page[this.#index];
  }

  /** Goes on to the event behind it. */
  advance(): void {
    this.#index += 1;
  }

  #fetch(after: number): Promise<readonly RawEvent[]> {
    const where = `WHERE position > ? ORDER BY position LIMIT ${PAGE_ROWS}`;
    const page = readEvents(this.#reader, where, [after]);
    // Whoever loads it hears of a failure; until then it must not count as one that nobody handles.
    page.catch(() => undefined);
    return page;
  }
}
