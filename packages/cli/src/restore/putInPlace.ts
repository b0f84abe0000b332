// Putting what was loaded in place in all three databases, so that nothing ever works on some old and some new tables.
import { DATA_SERVICES, type DataService } from '../config.ts';
import type { ServicePools } from '../serviceLogs.ts';
import { closeLog, isSwitched, openLog, reopenLog, switchTables } from './staging.ts';

/**
 * Takes the heads out of all logs, asks `requireAllStopped` once more, switches the tables of all databases, and then gives
 * the logs their heads. `own` names the tables of a service. A failure before the first switch gives the old heads back;
 * after one, only a restore that comes to its end gives heads.
 */
export async function putInPlace(
  pools: ServicePools,
  own: (service: DataService) => ReadonlySet<string>,
  requireAllStopped: () => Promise<void>,
): Promise<void> {
  const isMixed = await isAnySwitched(pools);
  try {
    for (const service of DATA_SERVICES) await closeLog(pools[service]);
    await requireAllStopped();
  } catch (error) {
    if (!isMixed) await reopenEach(pools, error);
    throw error;
  }
  for (const service of DATA_SERVICES) await switchTables(pools[service], own(service));
  for (const service of DATA_SERVICES) await openLog(pools[service]);
}

/**
 * Gives the logs the heads back that a restore has taken out and, being killed, has not given back. Not when it has
 * switched tables of one of them: the others' logs are of another history than its tables.
 */
export async function reopenLeftLogs(pools: ServicePools): Promise<void> {
  if (await isAnySwitched(pools)) return;
  for (const service of DATA_SERVICES) await reopenLog(pools[service]);
}

async function isAnySwitched(pools: ServicePools): Promise<boolean> {
  const switched = await Promise.all(DATA_SERVICES.map((service) => isSwitched(pools[service])));
  return switched.includes(true);
}

/** Each for itself: that one database does not answer must not cost another its head. */
async function reopenEach(pools: ServicePools, cause: unknown): Promise<void> {
  const outcomes = await Promise.allSettled(
    DATA_SERVICES.map((service) => reopenLog(pools[service])),
  );
  const closed = DATA_SERVICES.filter((_, index) => outcomes[index]?.status === 'rejected');
  if (closed.length === 0) return;
  throw new Error(
    `${String(cause)}; and the log of ${closed.join(', ')} may be without its head (replaced_log_head): run the restore again`,
    { cause },
  );
}
