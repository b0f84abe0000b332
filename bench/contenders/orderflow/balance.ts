// Starts a balancer of connections.
import path from 'node:path';
import { CHECKOUT } from '../../../local/places.ts';
import { STOP_RANK } from '../../../local/process/pidFiles.ts';
import type { Ground } from '../../ground.ts';
import { startMeasured, type MeasuredProcess } from '../../processes.ts';

/** Starts the balancer of a service at `port`; connections go to the ports of its replicas in turn. */
export function startBalancer(
  ground: Ground,
  service: string,
  port: number,
  targets: readonly number[],
): Promise<MeasuredProcess> {
  const name = `balancer-${service}`;
  return startMeasured(
    {
      name,
      command: process.execPath,
      args: ['bench/contenders/orderflow/balancer.ts', String(port), ...targets.map(String)],
      cwd: CHECKOUT,
      env: ground.settings.inherited,
      logFile: path.join(ground.places.logDir, `${name}.log`),
      runDir: ground.places.runDir,
      stopRank: STOP_RANK.orders,
    },
    undefined,
    ground,
  );
}
