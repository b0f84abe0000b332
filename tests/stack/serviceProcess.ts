// A service that a test starts, kills and stops, whether it is a process or a container.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { HEAP_LIMITS } from '../../local/services.ts';
import { programEnvironment } from './config.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '../..');
/** Jest's own limit for a test, less the time to say which service it was. */
const READY_TIMEOUT_MS = 110_000;

/** The services, in an order in which each needs only those before it; they end the other way round. */
export const SERVICES = ['users', 'inventory', 'orders', 'gateway'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** What a service is started with. */
export interface ServiceSpec {
  readonly name: ServiceName;
  /** A name that no other service of any test has; its log file's, and its container's. */
  readonly instance: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

/** One process of a service. */
export interface ServiceProcess {
  readonly name: ServiceName;
  readonly instance: string;
  readonly url: string;
  /** Ends it as a crash would: no handler runs, nothing is flushed. */
  kill(): Promise<void>;
  /** Starts it (again) on the same port with the same settings, and waits until it is ready. */
  start(): Promise<void>;
  /** Ends it with SIGTERM and gives its exit code. */
  stop(): Promise<number | null>;
}

/** How a kind of service is begun and ended. */
export interface ServiceKind {
  /** The program that runs as long as the service does and ends with its exit code. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Sends the service the signal. */
  readonly signal: (program: ChildProcess, signal: 'SIGTERM' | 'SIGKILL') => Promise<void> | void;
}

/** The service as a process of this Node. */
export function asProcess({ name, env }: ServiceSpec): ServiceKind {
  return {
    command: process.execPath,
    args: [...HEAP_LIMITS, `services/${name}/src/main.ts`],
    env: { ...programEnvironment(), ...env },
    signal: (program, signal) => void program.kill(signal),
  };
}

/** A service, which does not run yet. */
export function describeService(spec: ServiceSpec, kind: ServiceKind): ServiceProcess {
  const { name, instance, port } = spec;
  const url = `http://127.0.0.1:${port}`;
  const logFile = path.join(CHECKOUT, '.orderflow', 'test-logs', `${instance}.log`);
  let running: ChildProcess | undefined;
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    const ended = running;
    if (ended === undefined) return null;
    if (!hasExited(ended)) {
      const exited = new Promise((resolve) => ended.once('exit', resolve));
      await kind.signal(ended, signal);
      await exited;
    }
    running = undefined;
    return ended.exitCode;
  };
  return {
    name,
    instance,
    url,
    start: async () => {
      const started = spawnIntoLog(kind, logFile);
      running = started;
      await eventually(
        async () => {
          if (hasExited(started)) throw new Error(`exit code ${started.exitCode}`);
          return (await fetch(`${url}/readyz`)).ok;
        },
        `${name} is ready (its log: ${path.relative(CHECKOUT, logFile)})`,
        { timeoutMs: READY_TIMEOUT_MS },
      );
    },
    kill: async () => {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
  };
}

function spawnIntoLog({ command, args, env }: ServiceKind, logFile: string): ChildProcess {
  mkdirSync(path.dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  try {
    // Its standard input is a pipe of this process: when the test is killed the pipe closes and the service ends.
    return spawn(command, args, { cwd: CHECKOUT, env, stdio: ['pipe', log, log] });
  } finally {
    closeSync(log);
  }
}

/** True once a program has ended, by itself or by a signal. */
export function hasExited({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
