// What SHOW GRANTS tells of the user who asks: each may ask about itself, and sees all of it, also on tables that are gone.
import type { Connection } from 'mysql2/promise';
import { z } from 'zod';

/** One grant that a user has. */
export interface ShownGrant {
  /** As the server tells it, without the password's hash that MariaDB puts in. */
  readonly line: string;
  readonly rights: readonly string[];
  /** The database, if the grant is on one table. */
  readonly database?: string | undefined;
  readonly table?: string | undefined;
  /** USAGE on the server: that there is such a user, and no right. */
  readonly isEmpty: boolean;
  readonly mayGiveAway: boolean;
}

const rowsSchema = z.array(z.record(z.string(), z.string()));

/** MariaDB's, up to what else may follow. */
const IDENTIFICATION = / IDENTIFIED (?:BY|VIA) .*?(?= REQUIRE | WITH |$)/;
const GRANT = /^GRANT (?<rights>.+?) (?:ON (?<place>.+?) )?TO /;
const TABLE = /^`(?<database>(?:[^`]|``)+)`\.`(?<table>(?:[^`]|``)+)`$/;

/** All grants of the user of this connection; a right that was given or taken during its session may be missing. */
export async function showGrants(connection: Connection): Promise<readonly ShownGrant[]> {
  const [rows] = await connection.query('SHOW GRANTS');
  const lines = rowsSchema.parse(rows).flatMap((row) => Object.values(row));
  // MySQL also tells what is taken off a right on all databases, and MariaDB the role that a session starts with.
  return lines.filter((line) => line.startsWith('GRANT ')).map(readGrant);
}

/** Reads a line of SHOW GRANTS that begins with GRANT. */
export function readGrant(told: string): ShownGrant {
  const line = told.replace(IDENTIFICATION, '');
  const { rights = '', place = '' } = GRANT.exec(line)?.groups ?? {};
  const { database, table } = TABLE.exec(place)?.groups ?? {};
  const mayGiveAway = line.includes(' WITH GRANT OPTION');
  return {
    line,
    rights: rights.split(', '),
    database: database?.replaceAll('``', '`'),
    table: table?.replaceAll('``', '`'),
    isEmpty: rights === 'USAGE' && place === '*.*' && !mayGiveAway,
    mayGiveAway,
  };
}
