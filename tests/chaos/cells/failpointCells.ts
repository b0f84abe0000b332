// A service dies at a named point, again and again: it is started armed, dies at some pass of the point, is started again.
import type { Failpoint } from '@orderflow/shared/runtime/failpoints.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { SERVICE_NAMES, type ServiceName } from '../../../local/services.ts';
import type { Arrivals } from '../arrivals.ts';
import type { Kept } from '../stack/kept.ts';
import {
  CONSUMER_LIMIT_MS,
  KILL_RUNS,
  ONE_BROKER,
  RECOVERY_LIMIT_MS,
  untilServedBy,
  type Cell,
  type Ground,
} from './cell.ts';

const REQUESTS: readonly Failpoint[] = [
  'request.before-transaction',
  'request.in-transaction',
  'request.committed',
];
const CONSUMER: readonly Failpoint[] = [
  'consumer.before-transaction',
  'consumer.in-transaction',
  'consumer.committed',
];
const RELAY: readonly Failpoint[] = [
  'relay.before-send',
  'relay.sent',
  'relay.before-save',
  'relay.saved',
];
const OFFSETS: readonly Failpoint[] = ['offsets.before-commit', 'offsets.committed'];

/** Which service passes which points. */
const POINTS: Readonly<Record<ServiceName, readonly Failpoint[]>> = {
  users: [...REQUESTS, ...RELAY],
  inventory: [...REQUESTS, ...CONSUMER, ...RELAY, ...OFFSETS],
  orders: [...REQUESTS, ...CONSUMER, ...RELAY, ...OFFSETS, 'answer.untold'],
  gateway: ['gateway.order-sent', 'gateway.answer-untold'],
};

/** At the load of a chaos run: passes of a point within some seconds. */
function passesWithinSeconds(service: ServiceName, point: Failpoint): number {
  if (point.endsWith('save') || point.endsWith('saved')) return 4;
  if (point.startsWith('offsets')) return 3;
  // Users and products are made a few times a second.
  const isRare = service === 'users' || (service === 'inventory' && point.startsWith('request'));
  return isRare ? 12 : 150;
}

/** One cell for each service and point. */
export const failpointCells: readonly Cell[] = SERVICE_NAMES.flatMap((service) =>
  POINTS[service].map((point) => ({
    name: `failpoint:${service}@${point}`,
    ground: ONE_BROKER,
    matrixRuns: KILL_RUNS,
    limitMs: CONSUMER_LIMIT_MS,
    run: (ground, runs) => dieAtPoint(ground, service, point, runs),
  })),
);

/**
 * Where it dies again before orders flow, the time is counted from this death on all the same; only how long is waited at
 * most begins anew. On a busy machine lives end before they have dealt with what has piled up, and ten may take minutes.
 */
async function untilServedAfter(
  kept: Kept,
  service: ServiceName,
  load: Arrivals,
  what: string,
): Promise<number> {
  const { diedAt } = kept;
  for (;;) {
    const { deaths } = kept;
    try {
      return await untilServedBy(service, load, diedAt, what);
    } catch (error) {
      if (kept.deaths === deaths) throw error;
    }
  }
}

async function dieAtPoint(
  { stack, load, random, recovered }: Ground,
  service: ServiceName,
  point: Failpoint,
  runs: number,
): Promise<void> {
  const kept = stack.services.of[service];
  const most = passesWithinSeconds(service, point);
  let armed = 0;
  stack.services.tell(service, () => {
    armed += 1;
    return armed > runs ? {} : { FAILPOINTS: `${point}=kill@${random.integer(1, most)}` };
  });
  const before = kept.deaths;
  await kept.stop();
  // It may die before it is ready, and is ready in the end: when it is started unarmed.
  const starting = kept.start();
  starting.catch(() => undefined);
  for (let run = 1; run <= runs; run += 1) {
    await eventually(() => kept.deaths >= before + run, `${service} dies at ${point}`, {
      timeoutMs: RECOVERY_LIMIT_MS,
    });
    recovered(await untilServedAfter(kept, service, load, `${service} died at ${point}`));
  }
  await starting;
  stack.services.tell(service, undefined);
}
