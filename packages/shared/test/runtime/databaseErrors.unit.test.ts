// Whose fault an error of the database is: it decides whether a partition waits or a message is parked.
import { classifyDatabaseError } from '../../src/runtime/databaseErrors.ts';

/** An error as mysql2 makes it from the server's words. */
function serverError(errno: number, code = `ER_${errno}`): Error {
  return Object.assign(new Error('in words'), { errno, code, sqlMessage: 'in words' });
}

describe('An error of the database', () => {
  it.each([
    ['a deadlock', 1213],
    ['a lock wait that took too long', 1205],
  ])('that is %s is another transaction, and worth another try at once', (_what, errno) => {
    expect(classifyDatabaseError(serverError(errno))).toBe('busy');
  });

  it.each([
    ['a full disk', 1021],
    ['a full table', 1114],
    ['no memory', 1041],
    ['no room for locks', 1206],
    ['too many transactions', 1637],
    ['too many connections', 1040],
    ['a shutdown', 1053],
    ['a replica that is read only', 1290],
    ['an error that nobody has heard of yet', 9999],
    ['a missing right', 1142],
    ['a wrong password', 1045],
    ['a missing table', 1146],
  ])('that is %s is the server, whatever it was asked', (_what, errno) => {
    expect(classifyDatabaseError(serverError(errno))).toBe('unavailable');
  });

  it.each([
    ['a duplicate', 1062],
    ['a value that is too long', 1406],
    ['a value out of range', 1264],
    ['a text that the column cannot hold', 1366],
    ['a missing value', 1048],
    ["a broken check, in MySQL's number", 3819],
    ["a broken check, in MariaDB's number", 4025],
    ['a statement that cannot be parsed', 1064],
  ])('that is %s is the fault of what was asked', (_what, errno) => {
    expect(classifyDatabaseError(serverError(errno))).toBe('other');
  });

  it('of a connection that is lost or refused is the server, and so is a pool that is full', () => {
    const refused = Object.assign(new Error('x'), { errno: -111, code: 'ECONNREFUSED' });
    const broken = Object.assign(new Error('x'), { fatal: true });
    for (const error of [refused, broken, new Error('Queue limit reached.')])
      expect(classifyDatabaseError(error)).toBe('unavailable');
  });

  it.each([[new TypeError('a bug')], ['a text'], [undefined]])(
    'that is none (%p) is other',
    (e) => {
      expect(classifyDatabaseError(e)).toBe('other');
    },
  );
});
