// Opens the three databases for a verb, and closes them after it.
import { readSystemConfig, type SystemConfig } from './config.ts';
import { explainDatabase } from './explain.ts';
import {
  closeServicePools,
  loadServiceParts,
  openServicePools,
  type ServiceParts,
  type ServicePools,
} from './serviceLogs.ts';

/** The whole system, open. */
export interface OpenSystem {
  readonly config: SystemConfig;
  readonly parts: ServiceParts;
  readonly pools: ServicePools;
}

/** Runs `work` on the system that the settings name. Throws ConfigError, what `work` throws, and database errors in words. */
export async function withSystem<T>(work: (system: OpenSystem) => Promise<T>): Promise<T> {
  const config = readSystemConfig();
  const parts = await loadServiceParts();
  const pools = openServicePools(config.databases);
  try {
    return await work({ config, parts, pools });
  } catch (error) {
    throw explainDatabase(error, config.databases);
  } finally {
    await closeServicePools(pools);
  }
}
