// A whole stack for chaos: servers, proxies, services, and clients' record of what they were told. Made new for each kind of ground.
import { rmSync, cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { findLodging } from '../../../local/embedded/account.ts';
import { ownedName, removeLeftovers } from '../../../local/leftovers.ts';
import { STATE_DIR, testPlaces, type RunPlaces } from '../../../local/places.ts';
import { startWarden } from '../../../local/process/startWarden.ts';
import { createReport } from '../../../local/report.ts';
import { readSettings } from '../../../local/settings.ts';
import { createClient } from '../../stack/client.ts';
import { addProduct, registerUsers } from '../../stack/shop.ts';
import { startArrivals, type Arrivals } from '../arrivals.ts';
import { verifyStack, type Verdict } from '../judge.ts';
import type { Random } from '../random.ts';
import { createWitness, type Witness } from '../witness.ts';
import { EDGES, setEdge, type Edge } from './edges.ts';
import type { ProxyFault } from '../proxy.ts';
import type { Kept } from './kept.ts';
import { startServers, type Servers, type ServersKind } from './servers.ts';
import { startServices, type Services } from './services.ts';
import { unmountLeftovers } from './smallDisk.ts';

const SOCKETS = 1_024;
const PRODUCTS = 8;
const STOCK = 1_000_000;
const SCARCE_STOCK = 50;
const SHOPPERS = 16;

/** The running stack. */
export interface ChaosStack {
  readonly servers: Servers;
  readonly services: Services;
  /** Everybody who is up in an orderly stack. */
  readonly everybody: () => readonly Kept[];
  readonly disturb: (edge: Edge, fault: ProxyFault) => void;
  /** Starts a load; its answers go into the stack's record. */
  readonly startLoad: (random: Random) => Promise<Arrivals>;
  /** Ends every disturbance, brings up whoever is down, and judges all that has happened since the start. */
  readonly verify: () => Promise<Verdict>;
  /** Ends everything; `keepLogsAs`: copies the logs to a folder of this name under .orderflow first. */
  readonly close: (keepLogsAs?: string) => Promise<void>;
}

const quiet = createReport({ isTTY: false, write: () => true });

/** Starts an empty stack with users and products. */
export async function startChaosStack(kind: ServersKind): Promise<ChaosStack> {
  const places = testPlaces(ownedName('test'));
  unmountLeftovers(findLodging().home);
  await removeLeftovers(STATE_DIR);
  await removeLeftovers(findLodging().home);
  mkdirSync(places.logDir, { recursive: true });
  startWarden(places.runDir);
  const settings = readSettings();
  const servers = await startServers(kind, places, settings, quiet);
  const services = await startServices(servers.accessOf, places, settings, {
    TOPIC_REPLICATION_FACTOR: String(kind.brokers),
  });
  return composeStack({ places, servers, services });
}

interface Parts {
  readonly places: RunPlaces;
  readonly servers: Servers;
  readonly services: Services;
}

async function composeStack({ places, servers, services }: Parts): Promise<ChaosStack> {
  const client = createClient(services.gatewayUrl, SOCKETS);
  const witness: Witness = createWitness();
  const userIds = await registerUsers(client.call, SHOPPERS, 'shopper');
  const productIds: number[] = [];
  for (let n = 0; n < PRODUCTS; n += 1)
    productIds.push(await addProduct(client.call, `product ${n}`, STOCK));
  const everybody = () => [servers.database, ...servers.brokers, ...Object.values(services.of)];
  const disturb = (edge: Edge, fault: ProxyFault) => {
    setEdge(servers.ways, edge, fault);
  };
  let loads = 0;
  return {
    ...{ servers, services, everybody, disturb },
    startLoad: async (random) => {
      loads += 1;
      // Sold out within each load: refusals are part of it.
      const scarceIds = [await addProduct(client.call, `scarce ${loads}`, SCARCE_STOCK)];
      const shoppers = { userIds, productIds, scarceIds };
      const { call } = client;
      return startArrivals({ call, shoppers, witness, random, prefix: `load${loads}` });
    },
    verify: async () => {
      for (const edge of EDGES) disturb(edge, { kind: 'none' });
      await Promise.all(everybody().map((kept) => kept.start()));
      // As users: no cell disturbs its ways.
      return verifyStack(servers.accessOf('users'), witness);
    },
    close: async (keepLogsAs) => {
      client.close();
      await services.close();
      await servers.close();
      if (keepLogsAs !== undefined)
        cpSync(places.logDir, path.join(STATE_DIR, keepLogsAs), { recursive: true });
      rmSync(path.join(findLodging().home, places.name), { recursive: true, force: true });
      rmSync(path.join(STATE_DIR, places.name), { recursive: true, force: true });
    },
  };
}
