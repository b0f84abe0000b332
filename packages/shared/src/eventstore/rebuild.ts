// Rebuilds a read model while its service runs: the tables are filled again beside the old ones, compared, and put
// right.
import type { Pool } from 'mysql2/promise';
import { z } from 'zod';
import { AppError } from '../runtime/appError.ts';
import { inTransaction, queryRows } from '../runtime/database.ts';
import type { Transaction } from '../runtime/transaction.ts';
import type { DomainEvent } from './decider.ts';
import { ConflictError } from './eventStore.ts';
import type { FoldSource } from './foldSource.ts';
import { compareKeys, type RowsToLock } from './projectionEngine.ts';
import type { Projection } from './projection.ts';
import { lockRows } from './readModelRows.ts';
import {
  compareWithShadow,
  copyRows,
  createShadowFold,
  dropShadows,
  inSnapshot,
  makeShadows,
  type TableDifference,
} from './shadowTables.ts';

/** What is rebuilt from where. */
export interface RebuildOptions<Progress, Target> {
  /** As a user who may make and drop tables in the schema, and delete rows. Three connections are used at once. */
  readonly pool: Pool;
  /** Those whose tables are rebuilt; each folds events of the source alone. */
  readonly projections: readonly Projection<DomainEvent>[];
  readonly source: FoldSource<Progress, Target>;
  /** Only look: nothing but the shadows is written. */
  readonly dryRun: boolean;
  /** Keys of each kind of difference that one look gives at most; what is left is found by the next one. */
  readonly keysPerLook?: number;
}

/** What was found and done. */
export interface RebuildReport {
  /** Up to where the events were folded when the tables were compared first, in words. */
  readonly upTo: string;
  /** As found first. */
  readonly differences: readonly TableDifference[];
  readonly repairedRows: number;
  /** How often the tables were compared; the last time nothing differed (unless it was a dry run). */
  readonly looks: number;
}

/** Rows in one transaction of the repair: others' commits wait for it. */
const CHUNK_ROWS = 500;
/** Looks after which no fewer rows differ than ever before: somebody else writes them. */
const FRUITLESS_LOOKS_LIMIT = 20;
const KEYS_PER_LOOK = 50_000;
/** A transaction that lost a deadlock or a lock wait is begun again this often. */
const BUSY_LIMIT = 50;
/** One rebuild a schema. A lock's name has at most 64 characters; a database's name alone may have as many. */
const LOCK_NAME = "CONCAT('orderflow.rebuild.', LEFT(SHA2(DATABASE(), 256), 32))";

/**
 * Fills shadows of the tables from the events, compares the tables with them in one snapshot, and puts the rows right
 * that differ.
 *
 * Why not RENAME, once the new table has caught up: a transaction that has folded its events into the old table, and
 * has not committed yet, commits into a table that is nobody's any more. And a table that is locked for the whole of
 * a comparison stops the service.
 *
 * The comparison is exact without a lock. A snapshot shows rows and log (or cursors) of one moment, and a commit writes
 * both, so every row must be what its events up to there give.
 *
 * The repair of a row races with commits that fold an event into the same row. Its transaction takes the locks that
 * each such commit takes, in the same order: the row, then the head of the log (for others' events: the cursors, then
 * the row). So none is half way through: those before are in the log, whose new events are folded into the shadow
 * first; those after wait, and begin from the row as it is then. Of a row that is missing there is nothing to lock: a
 * commit that makes it meanwhile waits for the head with its row in hand, or meets ours as a duplicate and folds
 * again; where both wait for each other, the server ends one of the two, and it is run again.
 *
 * A commit between comparison and repair may have folded a wrong row into a right one (a cart's count into an order).
 * So tables are compared again until nothing differs.
 *
 * Throws AppErrors: 'rebuild_under_way' if another process rebuilds in this schema, 'still_different' if as many
 * rows differ after many rounds, and what the source throws.
 */
export async function rebuildReadModel<Progress, Target>(
  options: RebuildOptions<Progress, Target>,
): Promise<RebuildReport> {
  const { pool, projections } = options;
  const tables = projections.flatMap((projection) => projection.tables);
  const lock = await pool.getConnection();
  try {
    const [row] = await queryRows(
      lock,
      z.object({ locked: z.int().nullable() }),
      `SELECT GET_LOCK(${LOCK_NAME}, 0) AS locked`,
    );
    if (row?.locked !== 1)
      throw new AppError('rebuild_under_way', 'Another process rebuilds a read model here: wait', {
        retryable: false,
      });
    await makeShadows(pool, tables);
    try {
      return await new Rebuild(options).run();
    } finally {
      await dropShadows(pool, tables);
    }
  } finally {
    // A destroyed session ends some time later, and its lock with it: the next rebuild would be told to wait for nobody.
    await lock.query(`DO RELEASE_LOCK(${LOCK_NAME})`).catch(() => undefined);
    lock.destroy();
  }
}

class Rebuild<Progress, Target> {
  readonly #options: RebuildOptions<Progress, Target>;
  readonly #fold: ReturnType<typeof createShadowFold>;
  /** How far the shadows are, as committed. */
  #progress: Progress;

  constructor(options: RebuildOptions<Progress, Target>) {
    this.#options = options;
    this.#fold = createShadowFold(options.projections);
    this.#progress = options.source.start;
  }

  async run(): Promise<RebuildReport> {
    await this.#fill();
    const { upTo, differences } = await this.#look();
    let repairedRows = 0;
    let found = differences;
    let looks = 1;
    let fruitlessLooks = 0;
    let fewest = countOf(found);
    while (!this.#options.dryRun && countOf(found) > 0) {
      // One look does not give all rows of a large table that is lost: as long as they grow fewer, it goes on.
      if (fruitlessLooks === FRUITLESS_LOOKS_LIMIT) throw stillDifferent(found);
      repairedRows += await this.#repair(found);
      found = (await this.#look()).differences;
      looks += 1;
      fruitlessLooks = countOf(found) < fewest ? 0 : fruitlessLooks + 1;
      fewest = Math.min(fewest, countOf(found));
    }
    return { upTo, differences, repairedRows, looks };
  }

  /** Page by page, until one page is enough. */
  async #fill(): Promise<void> {
    const { pool, source } = this.#options;
    for (;;) {
      const target = await source.target(pool);
      for (let pages = 1; ; pages += 1) {
        const page = await source.next(this.#progress, target);
        await inTransaction(pool, (transaction) => this.#fold(transaction, page.events));
        this.#progress = page.progress;
        if (!page.isLast) continue;
        if (pages === 1) return;
        break;
      }
    }
  }

  async #foldUpTo(transaction: Transaction, target: Target): Promise<Progress> {
    let progress = this.#progress;
    for (;;) {
      const page = await this.#options.source.next(progress, target);
      await this.#fold(transaction, page.events);
      progress = page.progress;
      if (page.isLast) return progress;
    }
  }

  async #look(): Promise<{ upTo: string; differences: readonly TableDifference[] }> {
    const { pool, source, projections, keysPerLook = KEYS_PER_LOOK } = this.#options;
    const look = await inSnapshot(pool, async (transaction) => {
      // The first read: it opens the snapshot.
      const target = await source.target(transaction);
      const progress = await this.#foldUpTo(transaction, target);
      const differences: TableDifference[] = [];
      for (const table of projections.flatMap(({ tables }) => tables))
        differences.push(await compareWithShadow(transaction, table, keysPerLook));
      return { progress, upTo: source.describe(target), differences };
    });
    this.#progress = look.progress;
    return look;
  }

  async #repair(differences: readonly TableDifference[]): Promise<number> {
    let repaired = 0;
    let conflict: ConflictError | undefined;
    for (const { table, keys } of differences) {
      const ordered = keys.toSorted(compareKeys);
      for (let start = 0; start < ordered.length; start += CHUNK_ROWS) {
        const touched = [{ table, keys: ordered.slice(start, start + CHUNK_ROWS) }];
        try {
          repaired += await this.#repairChunk(touched);
        } catch (error) {
          // A wrong row of another chunk holds what may be given once: that one is put right in its turn.
          if (!(error instanceof ConflictError)) throw error;
          conflict = error;
        }
      }
    }
    if (repaired === 0 && conflict !== undefined) throw conflict;
    return repaired;
  }

  async #repairChunk(touched: readonly RowsToLock[]): Promise<number> {
    const { pool, source } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      // Before the locks: what was committed since the last look, or the last attempt, may be the work of minutes, and
      // nobody commits while it is folded under them.
      await this.#fill();
      try {
        const { progress, repaired } = await inTransaction(pool, async (transaction) => {
          await source.lockBeforeRows(transaction);
          await lockRows(transaction, touched);
          await source.lockAfterRows(transaction);
          const reached = await this.#foldUpTo(transaction, await source.target(transaction));
          return { progress: reached, repaired: await copyRows(transaction, touched) };
        });
        this.#progress = progress;
        return repaired;
      } catch (error) {
        const isBusy = error instanceof AppError && error.code === 'database_busy';
        if (!isBusy || attempt === BUSY_LIMIT) throw error;
      }
    }
  }
}

/** Rows that differ, also those whose keys were not given. */
function countOf(found: readonly TableDifference[]): number {
  return found.reduce((sum, { counts }) => sum + counts.missing + counts.extra + counts.changed, 0);
}

function stillDifferent(found: readonly TableDifference[]): AppError {
  const names = found.filter(({ keys }) => keys.length > 0).map(({ table }) => table.name);
  return new AppError(
    'still_different',
    `Rows of ${names.join(', ')} differ from their events, and grew no fewer in ${FRUITLESS_LOOKS_LIMIT} rounds: something else writes them`,
    { retryable: false },
  );
}
