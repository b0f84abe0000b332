// A real MariaDB as a child process: data folder made on first use, durable settings, loopback only, never root.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { LaunchFailure } from '../failure.ts';
import { openLog, type Account } from '../process/child.ts';
import { STOP_RANK } from '../process/pidFiles.ts';
import { mysqlAnswers } from '../process/probes.ts';
import type { SupervisedProcess } from '../process/supervise.ts';
import { makeOwnedDir } from './account.ts';
import type { Programs } from './programs.ts';

const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 120_000;
const STOP_GRACE_MS = 30_000;

/** Where and as whom a MariaDB runs. */
export interface MariadbPlace {
  readonly programs: Programs;
  readonly dataDir: string;
  readonly runDir: string;
  readonly logFile: string;
  readonly port: number;
  readonly account: Account | undefined;
  /** The environment of the server. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A MariaDB to supervise, and the way in. */
export interface MariadbServer {
  readonly process: SupervisedProcess;
  readonly adminUser: string;
  readonly adminPassword: string;
}

/** Makes the data folder if there is none, and describes the server that runs on it. */
export async function prepareMariadb(place: MariadbPlace): Promise<MariadbServer> {
  makeOwnedDir(place.dataDir, place.account);
  makeOwnedDir(tmpDir(place), place.account);
  if (!existsSync(path.join(place.dataDir, 'data'))) await createDataFolder(place);
  const adminPassword = readOrCreatePassword(place);
  return {
    adminUser: 'root',
    adminPassword,
    process: {
      spec: {
        name: 'mariadb',
        command: path.join(place.programs.mariadbBase, 'bin', 'mariadbd'),
        args: serverArguments(place),
        // Names below are relative to it: a socket's path may have 107 bytes only.
        cwd: path.join(place.dataDir, 'data'),
        env: place.env,
        logFile: place.logFile,
        runDir: place.runDir,
        stopRank: STOP_RANK.database,
        account: place.account,
      },
      isReady: () => mysqlAnswers({ host: HOST, port: place.port }),
      readyTimeoutMs: READY_TIMEOUT_MS,
      stopGraceMs: STOP_GRACE_MS,
    },
  };
}

/**
 * A server's own: when it starts it removes what servers have left in its folder for temporary tables, and in the system's it
 * takes those of another one that is at work, which then fails ("Unknown table 'mysql.tmp_user_sys'").
 */
function tmpDir(place: MariadbPlace): string {
  return path.join(place.dataDir, 'tmp');
}

function serverArguments(place: MariadbPlace): string[] {
  return [
    '--no-defaults',
    `--basedir=${place.programs.mariadbBase}`,
    `--datadir=${path.join(place.dataDir, 'data')}`,
    `--tmpdir=${tmpDir(place)}`,
    `--init-file=${path.join(place.dataDir, 'access.sql')}`,
    `--port=${place.port}`,
    `--bind-address=${HOST}`,
    '--skip-name-resolve',
    // Loopback only: keys would take seconds to make at every start.
    '--skip-ssl',
    '--socket=mariadb.sock',
    '--pid-file=mariadb.pid',
    // What is committed survives a crash of the machine: on disk before the answer, data and binary log.
    '--innodb-flush-log-at-trx-commit=1',
    '--sync-binlog=1',
    '--log-bin=binlog',
    '--binlog-format=ROW',
    '--expire-logs-days=2',
    '--server-id=1',
    '--innodb-buffer-pool-size=256M',
    '--max-connections=500',
    // The same in docker-compose.yml: what compares equal must not depend on where the server came from.
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_bin',
  ];
}

async function createDataFolder(place: MariadbPlace): Promise<void> {
  // Made aside and renamed when whole: a first start that is killed here leaves nothing that looks like a database.
  const draft = path.join(place.dataDir, 'data.draft');
  rmSync(draft, { recursive: true, force: true });
  makeOwnedDir(draft, place.account);
  const args = [
    '--no-defaults',
    `--basedir=${place.programs.mariadbBase}`,
    `--datadir=${draft}`,
    `--tmpdir=${tmpDir(place)}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
  ];
  try {
    await promisify(execFile)(
      path.join(place.programs.mariadbBase, 'scripts', 'mariadb-install-db'),
      args,
      {
        ...(place.account ?? {}),
        cwd: draft,
        env: place.env,
      },
    );
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    const log = openLog(place.logFile);
    writeSync(log, `${String(error)}\n${said}\n`);
    closeSync(log);
    throw new LaunchFailure(
      'MariaDB could not make its data folder',
      'The lines above say why; a missing library can be installed with the system’s package manager. Or start a Docker engine.',
      place.logFile,
    );
  }
  renameSync(draft, path.join(place.dataDir, 'data'));
}

/** The password lies beside the data and is wiped with it; the server takes it from access.sql at every start. */
function readOrCreatePassword(place: MariadbPlace): string {
  const file = path.join(place.dataDir, 'access.sql');
  if (existsSync(file)) {
    const [, known] = /IDENTIFIED BY '([0-9a-f]+)'/.exec(readFileSync(file, 'utf8')) ?? [];
    if (known !== undefined) return known;
  }
  const password = randomBytes(16).toString('hex');
  const statements = [
    `ALTER USER root@localhost IDENTIFIED BY '${password}';`,
    `CREATE OR REPLACE USER root@'${HOST}' IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO root@'${HOST}' WITH GRANT OPTION;`,
    "DROP USER IF EXISTS root@'::1';",
  ];
  writeFileSync(file, `${statements.join('\n')}\n`, { mode: 0o600 });
  if (place.account !== undefined) chownSync(file, place.account.uid, place.account.gid);
  return password;
}
