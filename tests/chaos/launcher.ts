// A real `npm start` with the embedded servers, and the way to kill each of its processes.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { readLogOf, type ReadLog } from '../books/logs.ts';
import type { KillableStack } from './killable.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '../..');
const RUN_DIR = path.join(CHECKOUT, '.orderflow', 'run');
const LOG_FILE = path.join(CHECKOUT, '.orderflow', 'logs', 'kills-launcher.log');
const START_LIMIT_MS = 300_000;
/** Where the services listen by default. */
const PORTS = { gateway: 3008, users: 3011, inventory: 3012, orders: 3013 };
/** The local default of every service's own MySQL account. */
const LOCAL_PASSWORD = 'orderflow-local';

const VICTIMS = ['users', 'inventory', 'orders', 'gateway', 'kafka', 'mariadb', 'launcher'];

/** Prepares a launcher on the default ports; data of earlier runs stays and is audited along. */
export function createLauncher(): KillableStack {
  const gatewayUrl = 'http://127.0.0.1:3008';
  let launcher: ChildProcess | undefined;
  const start = async (left: readonly number[] = []) => {
    mkdirSync(path.dirname(LOG_FILE), { recursive: true });
    const log = openSync(LOG_FILE, 'a');
    const started = spawn(process.execPath, ['local/start.ts', '--infra=embedded', '--no-seed'], {
      cwd: CHECKOUT,
      stdio: ['ignore', log, log],
    });
    launcher = started;
    await eventually(
      async () => {
        if (started.exitCode !== null) throw new Error(`exit code ${started.exitCode}`);
        const looks = Object.entries(PORTS).map(
          async ([name, port]) =>
            !left.includes(pidOf(name)) && (await fetch(`http://127.0.0.1:${port}/readyz`)).ok,
        );
        return (await Promise.all(looks)).every(Boolean);
      },
      `the launcher is up (its log: ${path.relative(CHECKOUT, LOG_FILE)})`,
      { timeoutMs: START_LIMIT_MS },
    );
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const ended = launcher;
    if (ended?.exitCode !== null || ended.signalCode !== null) return;
    const exited = new Promise((resolve) => ended.once('exit', resolve));
    ended.kill(signal);
    await exited;
  };
  return {
    victims: VICTIMS,
    gatewayUrl,
    start: () => start(),
    // Only the launcher is started again from here: it starts all the others again.
    kill: async (victim) => {
      if (victim === 'launcher') {
        // Those that it leaves behind answer for a moment while they drain: they are not what comes back.
        const left = Object.keys(PORTS).map(pidOf);
        await end('SIGKILL');
        await start(left);
        return () => Promise.resolve(true);
      }
      const killed = pidOf(victim);
      process.kill(killed, 'SIGKILL');
      return () => Promise.resolve(pidOf(victim) !== killed);
    },
    readLog,
    stop: () => end('SIGTERM'),
  };
}

const readLog: ReadLog = (service) => {
  const name = `orderflow_${service}`;
  const account = { user: name, password: LOCAL_PASSWORD };
  return readLogOf({ host: '127.0.0.1', port: portOfMariadb(), ...account }, name);
};

function pidOf(name: string): number {
  const record: unknown = JSON.parse(readFileSync(path.join(RUN_DIR, `${name}.pid.json`), 'utf8'));
  if (typeof record === 'object' && record !== null && 'pid' in record) return Number(record.pid);
  throw new Error(`No pid of ${name} on record`);
}

/** The embedded server takes a free port at each start of the launcher; its command line says which. */
function portOfMariadb(): number {
  const commandLine = readFileSync(`/proc/${pidOf('mariadb')}/cmdline`, 'utf8');
  return Number(/--port=(\d+)/.exec(commandLine)?.[1]);
}
