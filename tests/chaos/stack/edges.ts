// The ways between services and servers, each through a proxy of its own, so that one of them alone can be disturbed.
import { startProxy, type Proxy, type ProxyFault } from '../proxy.ts';

/** Services that have a way to the broker and one to the database. */
export const EDGE_SERVICES = ['users', 'inventory', 'orders'] as const;
export type EdgeService = (typeof EDGE_SERVICES)[number];

/** The four ways that orders take. */
export const EDGES = [
  'orders-broker',
  'orders-database',
  'inventory-broker',
  'inventory-database',
] as const;
export type Edge = (typeof EDGES)[number];

const HOST = '127.0.0.1';

/** The proxies of one kind of server, by service. */
export type Ways = Readonly<Record<EdgeService, Proxy>>;

/** Starts the proxies to a server; `portOf` gives the server's own port for each service. */
export async function startWays(portOf: (service: EdgeService) => number): Promise<Ways> {
  const open = (service: EdgeService) => startProxy(() => ({ host: HOST, port: portOf(service) }));
  const [users, inventory, orders] = [
    await open('users'),
    await open('inventory'),
    await open('orders'),
  ];
  return { users, inventory, orders };
}

/** Disturbs one way, or heals it. */
export function setEdge(
  ways: { readonly broker: Ways; readonly database: Ways },
  edge: Edge,
  fault: ProxyFault,
): void {
  const service = edge.startsWith('orders') ? 'orders' : 'inventory';
  const { [service]: proxy } = edge.endsWith('broker') ? ways.broker : ways.database;
  proxy.set(fault);
}
