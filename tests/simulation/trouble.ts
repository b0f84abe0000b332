// Lets timed faults befall the shop.
import type { ServiceName, TimedFault } from './faults.ts';
import type { Gateway } from './gateway.ts';
import { SESSION_MS } from './groups.ts';
import type { SimProcess } from './world.ts';
import type { Shop } from './shop.ts';

/** How long a process that ends in order may take. */
const DRAIN_MS = 15_000;

/** Sees to it that the faults come at their moments. */
export function scheduleTrouble(shop: Shop, gateway: Gateway, faults: readonly TimedFault[]): void {
  for (const fault of faults)
    shop.world.later(fault.at, () => {
      befall(shop, gateway, fault);
    });
}

function befall(shop: Shop, gateway: Gateway, fault: TimedFault): void {
  const { world, kafka, databases } = shop;
  switch (fault.kind) {
    case 'kill':
    case 'drain':
    case 'pause':
    case 'cut':
    case 'skew': {
      const process = world.processes.get(fault.process);
      if (process === undefined) return;
      world.noteStruck(fault.kind);
      disturb(shop, gateway, process, fault.kind, fault.ms);
      return;
    }
    case 'handover':
      world.noteStruck(fault.kind);
      for (const [groupId, group] of kafka.groups) if (groupId === fault.service) group.rebalance();
      return;
    case 'away':
      world.noteStruck(fault.kind);
      if (fault.server === 'kafka') kafka.goAway(fault.ms);
      else databases[fault.server].awayUntil = world.scheduler.now + fault.ms;
      return;
    case 'restore':
      restore(shop, fault.commits);
      return;
    case 'tail':
    case 'head':
    case 'lost':
    case 'emptied':
    case 'junk':
    case 'damaged':
      if (kafka.suffer(fault)) world.noteStruck(fault.kind, [fault.topic]);
  }
}

function disturb(
  shop: Shop,
  gateway: Gateway,
  process: SimProcess,
  kind: 'kill' | 'drain' | 'pause' | 'cut' | 'skew',
  ms: number,
): void {
  const { world, kafka } = shop;
  switch (kind) {
    case 'kill':
      world.crash(process, ms);
      return;
    case 'drain':
      drain(shop, process, ms);
      return;
    case 'pause':
      process.pausedUntil = world.scheduler.now + ms;
      if (ms > SESSION_MS)
        world.later(SESSION_MS, () => {
          for (const group of kafka.groups.values()) group.expel(process);
        });
      return;
    case 'cut':
      gateway.cut(process.name);
      return;
    case 'skew':
      process.skewMs = ms - 1_000;
  }
}

/** As SIGTERM does: HTTP first, then messaging; whatever takes too long is cut off. */
function drain({ world, running }: Shop, process: SimProcess, downMs: number): void {
  const end = (): void => {
    world.crash(process, downMs);
  };
  world.scheduler.schedule(0, process, () => {
    running.get(process.name)?.leaving.abort();
    void process.drain().then(end);
  });
  world.later(DRAIN_MS, end);
}

/** Inventory ends, its schema is brought back, and it starts again. */
function restore({ world, databases, bug, plan }: Shop, commits: number): void {
  const { inventory } = databases;
  if (plan.lateProduct !== undefined) return;
  // Never to before the products: whoever loses what a client was promised over HTTP has lost it for good.
  const index = Math.max(inventory.backups - 1 - commits, 0);
  const service: ServiceName = 'inventory';
  for (const process of [...world.processes.values()])
    if (process.service === service) world.crash(process, world.random.between(100, 800));
  world.noteStruck('restore');
  inventory.restore(index, bug.keepsIncarnation !== true);
}
