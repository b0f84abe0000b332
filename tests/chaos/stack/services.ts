// The four services of a chaos stack, as `npm start` runs them, with replicas and with settings for the next start.
import path from 'node:path';
import type { InfraAccess } from '../../../local/infra/infra.ts';
import type { RunPlaces } from '../../../local/places.ts';
import { freePorts } from '../../../local/process/probes.ts';
import {
  describeService,
  SERVICE_NAMES,
  type ServiceName,
  type ServicePlace,
} from '../../../local/services.ts';
import type { LauncherSettings } from '../../../local/settings.ts';
import { startProxy, type Proxy } from '../proxy.ts';
import type { EdgeService } from './edges.ts';
import { Kept } from './kept.ts';

const HOST = '127.0.0.1';

/** Services of which there may be two. */
export type Replicated = 'inventory' | 'orders';

/** Settings for a service's next start; asked at each. */
export type SettingsAtStart = () => Readonly<Record<string, string>>;

/** The running services. */
export interface Services {
  readonly gatewayUrl: string;
  readonly of: Readonly<Record<ServiceName, Kept>>;
  /** A second process of a service, which does not run yet. What is sent to the service is shared by those that run. */
  readonly replicas: Readonly<Record<Replicated, Kept>>;
  /** From its next start on a service (its replica too) is told this besides; undefined: nothing. */
  readonly tell: (name: ServiceName, settings: SettingsAtStart | undefined) => void;
  readonly close: () => Promise<void>;
}

/** Starts the services on servers that run; `more` is told to all of them. */
export async function startServices(
  accessOf: (service: EdgeService) => InfraAccess,
  places: RunPlaces,
  settings: LauncherSettings,
  more: Readonly<Record<string, string>>,
): Promise<Services> {
  const ports = await freePorts(SERVICE_NAMES.length + 2);
  const portOf = (name: ServiceName) => ports[SERVICE_NAMES.indexOf(name)] ?? 0;
  const [portOfInventory2 = 0, portOfOrders2 = 0] = ports.slice(SERVICE_NAMES.length);
  const told = new Map<ServiceName, SettingsAtStart>();
  const reached: ServicePlace[] = [];
  const keep = (name: ServiceName, instance: string, port: number): Kept =>
    new Kept(instance, () => {
      // The gateway has no way to the servers and takes no notice.
      const access = accessOf(name === 'gateway' ? 'users' : name);
      const inherited = { ...settings.inherited, ...more, ...told.get(name)?.() };
      const own = { ...settings, inherited };
      const target = describeService(placeAt(name, port), reached, access, places, own);
      const logFile = path.join(places.logDir, `${instance}.log`);
      return { ...target, spec: { ...target.spec, name: instance, logFile } };
    });
  const first = (name: ServiceName) => keep(name, name, portOf(name));
  const [users, inventory] = [first('users'), first('inventory')];
  const of = { users, inventory, orders: first('orders'), gateway: first('gateway') };
  const replicas = {
    inventory: keep('inventory', 'inventory-2', portOfInventory2),
    orders: keep('orders', 'orders-2', portOfOrders2),
  };
  const sharing = {
    inventory: await share(portOf('inventory'), portOfInventory2, replicas.inventory),
    orders: await share(portOf('orders'), portOfOrders2, replicas.orders),
  };
  for (const name of SERVICE_NAMES) {
    const isShared = name === 'inventory' || name === 'orders';
    reached.push(placeAt(name, isShared ? sharing[name].port : portOf(name)));
  }
  // Together: inventory is ready only when the topic of orders is there, and orders waits for inventory's.
  await Promise.all(Object.values(of).map((service) => service.start()));
  return {
    ...{ of, replicas, gatewayUrl: placeAt('gateway', portOf('gateway')).url },
    tell: (name, settingsAtStart) => {
      if (settingsAtStart === undefined) told.delete(name);
      else told.set(name, settingsAtStart);
    },
    close: async () => {
      const inOrder = [of.gateway, replicas.orders, of.orders, replicas.inventory, of.inventory];
      for (const service of [...inOrder, of.users]) await service.stop();
      await Promise.all(Object.values(sharing).map((proxy) => proxy.close()));
    },
  };
}

function placeAt(name: ServiceName, port: number): ServicePlace {
  return { name, host: HOST, port, url: `http://${HOST}:${port}` };
}

/** One address for both processes of a service: connections go to them in turn, while the second one runs. */
function share(first: number, second: number, replica: Kept): Promise<Proxy> {
  let turn = 0;
  return startProxy(() => {
    turn += 1;
    return { host: HOST, port: turn % 2 === 0 && replica.isUp() ? second : first };
  });
}
