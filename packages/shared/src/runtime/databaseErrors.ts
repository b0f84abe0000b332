// Whose fault a database error is: another transaction's, the server's, or that of what we have asked.
import { z } from 'zod';

/** What can be relied on in an error of mysql2; for anything else all of it is absent. */
export const serverErrorSchema = z.object({
  code: z.string().optional(),
  message: z.string().optional(),
  errno: z.number().optional(),
  fatal: z.boolean().optional(),
  sqlMessage: z.string().optional(),
});

/** 1213 a deadlock, 1205 a lock wait that took too long: another transaction won, this one may be tried again. */
const BUSY = new Set([1213, 1205]);

/**
 * The server's numbers for a statement or value that is refused for what it is, now and at every later time.
 * The list is of these, and not of the server's own troubles, since those cannot be listed: a full disk (1021, 1114),
 * no memory (1041), no locks (1206), no transactions (1637), a shutdown, a read-only replica after a failover, and
 * whatever the next version adds. To take such a one for the message's fault would park innocent orders; to take a
 * bug for the server's only makes its partition wait, loudly.
 * Not in the list on purpose: access denied (1044, 1045, 1142, 1143, 1227) and a missing database, table or column
 * (1049, 1146, 1054). They do not pass by themselves, but it is the installation that is wrong: what waits is handled
 * once it is mended, and nothing is parked for it.
 */
const OWN_FAULT = new Set([
  // Values: duplicates, too long, out of range, null or missing, not of the column's type, a broken check or key.
  ...[1062, 1586, 1406, 1264, 1265, 1690, 1048, 1364, 1292, 1366, 1411, 1365, 3819, 4025, 1451],
  ...[1452, 1300, 1267, 1271],
  // Statements: cannot be parsed, too large, wrong number of columns or arguments, ambiguous or grouped wrongly.
  ...[1064, 1149, 1065, 1153, 1136, 1110, 1241, 1582, 1305, 1109, 1052, 1055],
]);

/** No number of the server: the connection, or the pool in front of it. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
]);
/** The pool's own refusals have a text only: too many wait for a connection, or the process is about to end. */
const POOL_REFUSALS = new Set(['Queue limit reached.', 'Pool is closed.']);

/** 'busy': try again at once. 'unavailable': later. 'other': a value or statement of ours, or no database error at all. */
export function classifyDatabaseError(error: unknown): 'busy' | 'unavailable' | 'other' {
  const parsed = serverErrorSchema.safeParse(error);
  if (!parsed.success) return 'other';
  const { code, errno = 0, fatal, message } = parsed.data;
  if (BUSY.has(errno)) return 'busy';
  if (fatal === true) return 'unavailable';
  // The server's numbers are positive; those of the operating system, which Node passes on, negative.
  if (errno > 0) return OWN_FAULT.has(errno) ? 'other' : 'unavailable';
  if (code !== undefined) return UNREACHABLE.has(code) ? 'unavailable' : 'other';
  return message !== undefined && POOL_REFUSALS.has(message) ? 'unavailable' : 'other';
}

/** Nobody answers there, or not yet: the server is starting, ending, or full (1040 too many connections, 1053 a shutdown). */
export function isUnreachable(error: unknown): boolean {
  const parsed = serverErrorSchema.safeParse(error);
  if (!parsed.success) return false;
  const { code, errno } = parsed.data;
  return errno === 1040 || errno === 1053 || (code !== undefined && UNREACHABLE.has(code));
}
