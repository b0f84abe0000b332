// The demo's unpaged lists: all rows up to a limit, and a Link to the rest where there are more.
import type { Response } from 'express';
import { z } from 'zod';

/** Rows that a demo list gives at most. */
const LIST_LIMIT_ROWS = 10_000;

const afterMessage = 'after must be a whole number';

/** The query field that the Link carries: the id after which the list goes on; 0 if it is not given. */
export const afterField = z
  .string(afterMessage)
  .regex(/^\d{1,15}$/, afterMessage)
  .transform(Number)
  .default(0);

/** One list: how its rows are read and shown, and where it goes on. */
export interface DemoList<Row> {
  /** The id after which the list starts. */
  readonly after: number;
  /** Gives at most `limit` rows with an id above `after`, by id. */
  readonly read: (after: number, limit: number) => Promise<readonly Row[]>;
  readonly idOf: (row: Row) => number;
  readonly show: (row: Row) => unknown;
  /** The path, with the query that the rest of the list needs beside `after`. */
  readonly path: string;
}

/** Answers `{"resp": [...]}`; with `Link: …; rel="next"` if there is more than one answer may hold. */
export async function sendDemoList<Row>(response: Response, list: DemoList<Row>): Promise<void> {
  const rows = await list.read(list.after, LIST_LIMIT_ROWS + 1);
  const shown = rows.slice(0, LIST_LIMIT_ROWS);
  const last = shown.at(-1);
  if (rows.length > shown.length && last !== undefined) {
    const separator = list.path.includes('?') ? '&' : '?';
    const next = `${list.path}${separator}after=${list.idOf(last)}`;
    response.setHeader('Link', `<${next}>; rel="next"`);
  }
  response.json({ resp: shown.map(list.show) });
}
