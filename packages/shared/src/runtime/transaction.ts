// A transaction's statements, sent in as few packets as their results allow: on a busy machine each round trip to the
// server costs more than most statements do.
import type { FieldPacket, PoolConnection, QueryResult } from 'mysql2/promise';

/** What a statement can run on: the pool (any connection), or a transaction. */
export interface Queryable {
  query<Result extends QueryResult>(
    sql: string,
    values?: unknown[],
  ): Promise<[Result, FieldPacket[]]>;
}

/** What is done with a statement that is sent later. */
export interface Later {
  /** Gets the statement's result; what it throws fails the transaction. */
  readonly use?: (result: QueryResult) => void;
  /** What an error of this statement means, if it is known; others are given back as they are. */
  readonly meaning?: (error: unknown) => unknown;
}

/** A transaction in which statements can be gathered. They run in the order given, and none after one that fails. */
export interface Transaction extends Queryable {
  /** Gathers a statement. It is sent with the next one that is waited for, or with COMMIT. */
  later(sql: string, values: unknown[], then?: Later): void;
  /** Sends what was gathered, and resolves when all of it was used. */
  send(): Promise<void>;
}

/** Characters in one packet, so that it stays far below the server's `max_allowed_packet` (16 MiB on MariaDB). */
const MAX_PACKET_CHARACTERS = 4_194_304;

interface Gathered extends Later {
  readonly text: string;
}

/** A transaction on a connection whose pool allows many statements in a packet. It begins with what is sent first. */
export class GatheredTransaction implements Transaction {
  readonly #connection: PoolConnection;
  #gathered: Gathered[] = [{ text: 'BEGIN' }];

  constructor(connection: PoolConnection) {
    this.#connection = connection;
  }

  later(sql: string, values: unknown[], then: Later = {}): void {
    this.#gathered.push({ ...then, text: this.#connection.format(sql, values) });
  }

  async query<Result extends QueryResult>(
    sql: string,
    values: unknown[] = [],
  ): Promise<[Result, FieldPacket[]]> {
    let given: QueryResult | undefined;
    const use = (result: QueryResult): void => {
      given = result;
    };
    this.later(sql, values, { use });
    await this.send();
    // The result of this very statement: its type is the caller's to know, as with the driver's own function.
    return [given as Result, []];
  }

  async send(): Promise<void> {
    const gathered = this.#gathered;
    this.#gathered = [];
    for (const packet of packetsOf(gathered)) await this.#sendPacket(packet);
  }

  /**
   * Sends what is left with COMMIT behind it. The server stops at the first statement that fails, so it commits all or
   * nothing. But what somebody wants to look at before must not travel with COMMIT: it would be too late to refuse.
   */
  async commit(): Promise<void> {
    if (this.#gathered.some(({ use }) => use !== undefined)) await this.send();
    this.#gathered.push({ text: 'COMMIT' });
    await this.send();
  }

  async #sendPacket(packet: readonly Gathered[]): Promise<void> {
    const text = packet.map((statement) => statement.text).join(';');
    try {
      // null, not left out: the driver would look through all of the text for placeholders to fill.
      const [results] = await this.#connection.query(text, null);
      // The driver gives the result of one statement as it is, those of several in an array.
      const each = (packet.length === 1 ? [results] : results) as readonly QueryResult[];
      for (const [index, { use }] of packet.entries()) {
        const result = each[index];
        if (result === undefined) throw new Error('The server gave fewer results than statements');
        use?.(result);
      }
    } catch (error) {
      // Which statement failed is not told. Those that say what an error means agree wherever they share a packet.
      for (const { meaning } of packet) {
        const meant = meaning?.(error) ?? error;
        if (meant !== error) throw meant;
      }
      throw error;
    }
  }
}

/** Statements in order, as many to a packet as fit; one that is larger has its own. */
function packetsOf(gathered: readonly Gathered[]): readonly (readonly Gathered[])[] {
  const packets: Gathered[][] = [];
  let characters = 0;
  for (const statement of gathered) {
    const last = packets.at(-1);
    characters += statement.text.length;
    if (last !== undefined && characters <= MAX_PACKET_CHARACTERS) {
      last.push(statement);
      continue;
    }
    packets.push([statement]);
    characters = statement.text.length;
  }
  return packets;
}
