// What the database counts of itself: commits and fsyncs, of all its schemas together.
import type { Pool, RowDataPacket } from 'mysql2/promise';

const NAMES = ['Binlog_commits', 'Binlog_group_commits', 'Innodb_data_fsyncs'] as const;

/** Since the server's start. */
export interface ServerCounters {
  /** Transactions that wrote, of any client: Binlog_commits, one for each in the binary log, autocommitted ones as well. */
  readonly commits: number;
  /**
   * Innodb_data_fsyncs (data files and redo log) + Binlog_group_commits (with sync_binlog = 1 the binary log is synced once
   * for each group).
   */
  readonly fsyncs: number;
}

/** Reads the counters. */
export async function readServerCounters(admin: Pool): Promise<ServerCounters> {
  const [rows] = await admin.query<RowDataPacket[]>(
    'SHOW GLOBAL STATUS WHERE Variable_name IN (?)',
    [NAMES],
  );
  const counted = new Map(rows.map((row) => [String(row.Variable_name), Number(row.Value)]));
  const of = (name: (typeof NAMES)[number]) => {
    const value = counted.get(name);
    if (value === undefined) throw new Error(`The server does not count ${name}`);
    return value;
  };
  return {
    commits: of('Binlog_commits'),
    fsyncs: of('Innodb_data_fsyncs') + of('Binlog_group_commits'),
  };
}
