// The four services as processes of the launcher: where they listen, what they are told, when they are ready.
import path from 'node:path';
import { LaunchFailure } from './failure.ts';
import { infraEnvironment, type InfraAccess } from './infra/infra.ts';
import { CHECKOUT, COMPILE_CACHE_DIR, type RunPlaces } from './places.ts';
import { STOP_RANK } from './process/pidFiles.ts';
import { httpAnswers, isPortFree } from './process/probes.ts';
import type { SupervisedProcess } from './process/supervise.ts';
import { parsePort, type LauncherSettings } from './settings.ts';

const DEFAULT_PORTS = { users: 3011, inventory: 3012, orders: 3013, gateway: 3008 } as const;
/**
 * The limits of Node's heap in MiB, as in deploy/Dockerfile. By itself Node lets a busy service grow to 300 to 400 MB of
 * young garbage; with these it stays below 220 MB, for about a seventh of the throughput (docs/performance.md).
 */
export const HEAP_LIMITS = ['--max-semi-space-size=16', '--max-old-space-size=384'];
const READY_TIMEOUT_MS = 120_000;
const STOP_GRACE_MS = 15_000;
/** Settings that name one service's own things; from the shell they would reach all four alike. */
const NOT_SHARED = ['PORT', 'MYSQL_DATABASE', 'MYSQL_USER', 'MYSQL_PASSWORD', 'KAFKA_GROUP_ID'];

/** Whether a setting without a service's name before it is one that no two services can share. */
export function isOneServicesOwn(setting: string): boolean {
  return NOT_SHARED.includes(setting);
}

/** The name of a service, which is its folder's as well. */
export type ServiceName = keyof typeof DEFAULT_PORTS;
/** All services, the gateway last. */
export const SERVICE_NAMES: readonly ServiceName[] = ['users', 'inventory', 'orders', 'gateway'];

/** Where a service listens. */
export interface ServicePlace {
  readonly name: ServiceName;
  readonly host: string;
  readonly port: number;
  /** For the launcher and for the other services. */
  readonly url: string;
}

/** A service's setting out of the environment: ORDERS_LOG_LEVEL is LOG_LEVEL of orders alone. */
export function ownSettings(
  name: ServiceName,
  inherited: LauncherSettings['inherited'],
): Record<string, string> {
  const prefix = `${name.toUpperCase()}_`;
  return Object.fromEntries(
    Object.entries(inherited).flatMap(([key, value]) =>
      key.startsWith(prefix) && value !== undefined && value !== ''
        ? [[key.slice(prefix.length), value]]
        : [],
    ),
  );
}

/** Where each service will listen. */
export function placeServices(settings: LauncherSettings): ServicePlace[] {
  return SERVICE_NAMES.map((name) => {
    const own = ownSettings(name, settings.inherited);
    const host = own.HOST ?? settings.host;
    const given = own.PORT;
    const setting = `${name.toUpperCase()}_PORT`;
    const port = given === undefined ? DEFAULT_PORTS[name] : parsePort(setting, given);
    // A service that listens on all addresses is reached on loopback.
    const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    return { name, host, port, url: `http://${reached}:${port}` };
  });
}

/** Throws a LaunchFailure that names every port that somebody else listens on. */
export async function requireFreePorts(places: readonly ServicePlace[]): Promise<void> {
  const free = await Promise.all(places.map((place) => isPortFree(place)));
  const taken = places.filter((_, index) => free[index] === false);
  if (taken.length === 0) return;
  const list = taken.map((place) => `${place.port} (${place.name})`).join(', ');
  const other = taken.map((place) => `${place.name.toUpperCase()}_PORT=${place.port + 1000}`);
  throw new LaunchFailure(
    `Something else listens on port ${list}`,
    `End it (lsof -i :${taken[0]?.port} names it), or take other ports: ${other.join(' ')} npm start`,
  );
}

/** A service to supervise. */
export function describeService(
  place: ServicePlace,
  all: readonly ServicePlace[],
  infra: InfraAccess,
  run: RunPlaces,
  settings: LauncherSettings,
): SupervisedProcess {
  const environment: Record<string, string | undefined> = { ...settings.inherited };
  for (const name of NOT_SHARED) environment[name] = undefined;
  for (const peer of all) environment[`${peer.name.toUpperCase()}_URL`] = peer.url;
  return {
    spec: {
      name: place.name,
      command: process.execPath,
      args: [...HEAP_LIMITS, path.join('services', place.name, 'src', 'main.ts')],
      cwd: CHECKOUT,
      env: {
        // Reading the code is most of what a start costs the CPU, and a service that was killed starts in its users' time.
        NODE_COMPILE_CACHE: COMPILE_CACHE_DIR,
        ...environment,
        ...infraEnvironment(infra),
        ...ownSettings(place.name, settings.inherited),
        HOST: place.host,
        PORT: String(place.port),
      },
      logFile: path.join(run.logDir, `${place.name}.log`),
      runDir: run.runDir,
      stopRank: STOP_RANK[place.name],
    },
    isReady: () => httpAnswers(`${place.url}/readyz`),
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopGraceMs: STOP_GRACE_MS,
  };
}
