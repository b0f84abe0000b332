// A limit on how long a statement may go without an answer: a host that is frozen or cut off never gives one.
import { Duplex } from 'node:stream';
import type { PoolConnection, Query } from 'mysql2';

/**
 * Breaks the connection when a statement on it is not answered within `limitMs`: the statement and all behind it fail
 * with the code ETIMEDOUT, and the pool opens another. A half-open connection would otherwise be waited for without
 * end (TCP keep-alive does not help while data is unacknowledged or the host's kernel still answers).
 * mysql2's own `timeout` is not enough: it fails the statement alone, so the pool never gets the connection back, and
 * it does not count while the statement waits behind another one.
 */
export function limitStatements(connection: PoolConnection, limitMs: number): void {
  const send: (...args: never[]) => Query = connection.query.bind(connection);
  const query: typeof send = (...args) => {
    const statement = send(...args);
    const timer = setTimeout(() => {
      breakConnection(connection, limitMs);
    }, limitMs);
    timer.unref();
    statement.once('end', () => {
      clearTimeout(timer);
    });
    return statement;
  };
  Object.assign(connection, { query });
}

function breakConnection(connection: PoolConnection, limitMs: number): void {
  const error = new Error(`The database gave no answer within ${limitMs} ms`);
  const stream: unknown = Reflect.get(connection, 'stream');
  // By its stream, not by `destroy()`: that tells nobody who waits for an answer.
  if (stream instanceof Duplex) stream.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  else connection.destroy();
}
