// Tells the command `orderflow` where the servers of a running `npm start` are, and as whom: no setting is needed beside it.
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { infraEnvironment, type InfraAccess } from './infra/infra.ts';
import type { RunPlaces } from './places.ts';
import { isOneServicesOwn, type ServicePlace } from './services.ts';
import type { LauncherSettings } from './settings.ts';

/** Settings of databases, topics and brokers, of all services or of one of them. */
const OF_SERVERS = /^((USERS|INVENTORY|ORDERS)_)?(MYSQL|KAFKA|TOPIC)_/;

/**
 * Writes the settings with which the services run, by the names that the environment has for them (JSON, one object).
 * It holds the administrator's password: nobody but the owner may read it.
 */
export function writeAccessFile(
  run: RunPlaces,
  infra: InfraAccess,
  services: readonly ServicePlace[],
  settings: LauncherSettings,
): void {
  const given = Object.entries(settings.inherited).filter(
    ([name]) => OF_SERVERS.test(name) && !isOneServicesOwn(name),
  );
  const urls = services.map(({ name, url }) => [`${name.toUpperCase()}_URL`, url] as const);
  const access = { ...Object.fromEntries([...given, ...urls]), ...infraEnvironment(infra) };
  const file = accessFile(run);
  // The mode counts only for a file that is made now.
  rmSync(file, { force: true });
  writeFileSync(file, `${JSON.stringify(access, undefined, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}

/** Removes the file: its servers have stopped. */
export function removeAccessFile(run: RunPlaces): void {
  rmSync(accessFile(run), { force: true });
}

/** `packages/cli/src/config.ts` looks for it at the same place. */
function accessFile(run: RunPlaces): string {
  return path.join(run.runDir, 'access.json');
}
