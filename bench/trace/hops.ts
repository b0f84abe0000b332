// A lone order's way, cut into hops at moments that its processes noted.
import type { Stamp } from './stamps.ts';

/** Where a hop's time is spent. */
export type Lane = 'gateway' | 'orders' | 'inventory' | 'MariaDB' | 'Kafka' | 'between';

/** A part of the way. */
export interface Hop {
  readonly name: string;
  readonly lane: Lane;
}

/** The hops, in order. Each ends where the next one begins. */
export const HOPS: readonly Hop[] = [
  { name: 'gateway: request read, checked, written to the stream', lane: 'gateway' },
  { name: 'to orders', lane: 'between' },
  { name: 'orders: decides the request', lane: 'orders' },
  { name: 'OrderRequested is committed', lane: 'MariaDB' },
  { name: 'orders: from the commit to the send', lane: 'orders' },
  { name: 'orders.v1: from the send to the fetch', lane: 'Kafka' },
  { name: 'inventory: reads and decides', lane: 'inventory' },
  { name: 'StockReserved is committed', lane: 'MariaDB' },
  { name: 'inventory: from the commit to the send', lane: 'inventory' },
  { name: 'inventory.v1: from the send to the fetch', lane: 'Kafka' },
  { name: 'orders: reads and decides', lane: 'orders' },
  { name: 'OrderConfirmed is committed', lane: 'MariaDB' },
  { name: 'orders: answers', lane: 'orders' },
  { name: 'to the gateway', lane: 'between' },
  { name: 'gateway: answers', lane: 'gateway' },
];

/** The stamps of the three processes, each in order of time. */
export interface Traces {
  readonly gateway: readonly Stamp[];
  readonly orders: readonly Stamp[];
  readonly inventory: readonly Stamp[];
}

/** The ports by which sockets are told apart. */
export interface Ports {
  readonly orders: number;
  readonly mysql: number;
}

/**
 * The milliseconds of each hop for each order whose whole way was seen. Orders must be alone: each is followed from moment
 * to moment, and what another one does in between would be taken for it.
 */
export function hopsOfOrders(traces: Traces, ports: Ports): number[][] {
  const requests = traces.gateway.filter(({ what }) => what === 'request');
  return requests.flatMap(({ atMs }, index) => {
    const moments = momentsOf(atMs, traces, ports);
    const end = moments?.at(-1);
    const nextAt = requests[index + 1]?.atMs ?? Infinity;
    if (moments === undefined || end === undefined || end > nextAt) return [];
    return [moments.slice(1).map((moment, at) => moment - (moments[at] ?? moment))];
  });
}

function momentsOf(begin: number, traces: Traces, { orders, mysql }: Ports): number[] | undefined {
  const follow = createFollower(begin);
  const toMysql = is('write', { remotePort: mysql });
  const fromMysql = is('read', { remotePort: mysql });
  follow.next(traces.gateway, is('write', { remotePort: orders }));
  follow.next(traces.orders, is('read', { localPort: orders }));
  follow.next(traces.orders, toMysql);
  follow.lastBeforeNext(traces.orders, fromMysql, is('produce'));
  follow.next(traces.inventory, is('fetched'));
  follow.next(traces.inventory, toMysql);
  follow.lastBeforeNext(traces.inventory, fromMysql, is('produce'));
  follow.next(traces.orders, is('fetched'));
  follow.next(traces.orders, toMysql);
  follow.lastBeforeNext(traces.orders, fromMysql, is('write', { localPort: orders }));
  follow.next(traces.gateway, is('read', { remotePort: orders }));
  follow.next(traces.gateway, is('answer'));
  return follow.moments();
}

type Test = (stamp: Stamp) => boolean;

function is(what: Stamp['what'], ports: Pick<Stamp, 'localPort' | 'remotePort'> = {}): Test {
  return (stamp) =>
    stamp.what === what &&
    (ports.localPort === undefined || stamp.localPort === ports.localPort) &&
    (ports.remotePort === undefined || stamp.remotePort === ports.remotePort);
}

/** Goes from one moment to the next; once one is not found, there are none. */
function createFollower(begin: number) {
  let found: number[] | undefined = [begin];
  const now = () => found?.at(-1) ?? Infinity;
  const reach = (atMs: number | undefined) => {
    if (atMs === undefined) found = undefined;
    else found?.push(atMs);
  };
  const firstAfter = (stamps: readonly Stamp[], test: Test) =>
    stamps.find((stamp) => stamp.atMs >= now() && test(stamp))?.atMs;
  return {
    next: (stamps: readonly Stamp[], test: Test) => {
      reach(firstAfter(stamps, test));
    },
    /** The last one of the first kind before the next one of the second kind, and that one. */
    lastBeforeNext: (stamps: readonly Stamp[], last: Test, next: Test) => {
      const end = firstAfter(stamps, next);
      const isBetween = ({ atMs }: Stamp) => atMs >= now() && end !== undefined && atMs <= end;
      reach(stamps.findLast((stamp) => isBetween(stamp) && last(stamp))?.atMs);
      reach(end);
    },
    moments: () => found,
  };
}
