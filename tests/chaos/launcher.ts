// A real `npm start` with the embedded servers, and the way to kill each of its processes.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import type { LogSource } from '../books/logs.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '../..');
const RUN_DIR = path.join(CHECKOUT, '.orderflow', 'run');
const LOG_FILE = path.join(CHECKOUT, '.orderflow', 'logs', 'kills-launcher.log');
const START_LIMIT_MS = 300_000;
/** Where the gateway, users, inventory and orders listen by default. */
const PORTS = [3008, 3011, 3012, 3013];
/** The local default of every service's own MySQL account. */
const LOCAL_PASSWORD = 'orderflow-local';

/** What can be killed. */
export const VICTIMS = [
  'users',
  'inventory',
  'orders',
  'gateway',
  'kafka',
  'mariadb',
  'launcher',
] as const;
export type Victim = (typeof VICTIMS)[number];

/** A running launcher. */
export interface Launcher {
  readonly gatewayUrl: string;
  start(): Promise<void>;
  /** Kills a process with SIGKILL. Only the launcher is started again from here: it starts all the others again. */
  kill(victim: Victim): Promise<void>;
  /** How to read a service's log, with that service's own account. */
  logSource(service: 'inventory' | 'orders'): LogSource;
  stop(): Promise<void>;
}

/** Prepares a launcher on the default ports; data of earlier runs stays and is audited along. */
export function createLauncher(): Launcher {
  const gatewayUrl = 'http://127.0.0.1:3008';
  let launcher: ChildProcess | undefined;
  const start = async () => {
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
        const looks = PORTS.map(
          async (port) => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok,
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
    gatewayUrl,
    start,
    kill: async (victim) => {
      if (victim === 'launcher') {
        await end('SIGKILL');
        await start();
      } else process.kill(pidOf(victim), 'SIGKILL');
    },
    logSource: (service) => ({
      host: '127.0.0.1',
      port: portOfMariadb(),
      user: `orderflow_${service}`,
      password: LOCAL_PASSWORD,
    }),
    stop: () => end('SIGTERM'),
  };
}

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
