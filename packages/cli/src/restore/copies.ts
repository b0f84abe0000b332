// What a failed restore leaves behind: copies of everything, personal data too.
import { tablesOf } from '../backup/dump.ts';
import { DATA_SERVICES, type DataService } from '../config.ts';
import type { ServicePools } from '../serviceLogs.ts';
import { dropLoaded, LOADING, REPLACED } from './staging.ts';

/**
 * After a restore has failed by `error`: drops what it has loaded and not put in place, and gives an Error that names the
 * copies that are left, or `error` itself if there are none. The replaced tables stay: until a restore has come to its end
 * they are the only ones that are known to be whole.
 */
export async function clearedUp(pools: ServicePools, error: unknown): Promise<unknown> {
  const left: string[] = [];
  // A database that does not answer must not keep the others' copies.
  for (const service of DATA_SERVICES)
    left.push(...(await clearUp(pools, service).catch(() => [`${service}: not known`])));
  if (left.length === 0) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new Error(
    `${why}\nCopies are left, with personal data (${left.join('; ')}): run the restore again. It drops them at its end.`,
    { cause: error },
  );
}

async function clearUp(pools: ServicePools, service: DataService): Promise<readonly string[]> {
  const pool = pools[service];
  await dropLoaded(pool).catch(() => undefined);
  const copies = (await tablesOf(pool)).filter(
    (name) => name.startsWith(LOADING) || name.startsWith(REPLACED),
  );
  return copies.length === 0 ? [] : [`${service}: ${copies.join(', ')}`];
}
