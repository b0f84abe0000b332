// The three event logs as they stand in MySQL, read without any of the code that they are to judge.
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { z } from 'zod';

/** An event as the audit sees it. */
export interface LoggedEvent {
  readonly position: number;
  readonly streamId: string;
  readonly version: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Where the logs are: a server, an account that may read, and the databases. */
export interface LogSource {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

const rowSchema = z.object({
  position: z.coerce.number(),
  stream_id: z.string(),
  version: z.coerce.number(),
  type: z.string(),
  data: z.string().transform((text) => z.record(z.string(), z.unknown()).parse(JSON.parse(text))),
});

/** Reads the log of a service as it stands, events by position. */
export type ReadLog = (service: 'inventory' | 'orders') => Promise<LoggedEvent[]>;

/** A row of `events` as an event. Throws if it is none. */
export function parseLogRow(row: unknown): LoggedEvent {
  const { position, stream_id: streamId, version, type, data } = rowSchema.parse(row);
  return { position, streamId, version, type, data };
}

/** All events of a database, by position. */
export async function readLogOf(source: LogSource, database: string): Promise<LoggedEvent[]> {
  const connection = await createConnection({ ...source, database });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      'SELECT position, stream_id, version, type, data FROM events ORDER BY position',
    );
    return rows.map(parseLogRow);
  } finally {
    await connection.end();
  }
}
