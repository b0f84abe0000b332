// A lone order's way, cut into hops.
import { HOPS, hopsOfOrders } from '../trace/hops.ts';
import type { Stamp } from '../trace/stamps.ts';

const ports = { orders: 3_013, mysql: 3_306 };
const stamp = (atMs: number, what: Stamp['what'], sides: Partial<Stamp> = {}): Stamp => ({
  atMs,
  what,
  ...sides,
});
const mysql = { remotePort: 3_306 };
const fromGateway = { localPort: 3_013 };
const toOrders = { remotePort: 3_013 };

/** An order that comes in at `at`: its hops take 1, 2, 3 … 15 ms. */
function traced(at: number) {
  return {
    gateway: [
      stamp(at, 'request'),
      stamp(at + 1, 'write', toOrders),
      stamp(at + 105, 'read', toOrders),
      stamp(at + 120, 'answer'),
    ],
    orders: [
      stamp(at + 3, 'read', fromGateway),
      stamp(at + 6, 'write', mysql),
      stamp(at + 7, 'read', mysql), // not the last one: the commit's answer comes later
      stamp(at + 10, 'read', mysql),
      stamp(at + 15, 'produce'),
      stamp(at + 55, 'fetched'),
      stamp(at + 66, 'write', mysql),
      stamp(at + 78, 'read', mysql),
      stamp(at + 91, 'write', fromGateway),
    ],
    inventory: [
      stamp(at + 21, 'fetched'),
      stamp(at + 28, 'write', mysql),
      stamp(at + 36, 'read', mysql),
      stamp(at + 45, 'produce'),
    ],
  };
}

test('each hop ends where the next one begins', () => {
  const [hops, ...more] = hopsOfOrders(traced(1_000), ports);
  expect(hops).toEqual(HOPS.map((_, index) => index + 1));
  expect(more).toEqual([]);
});

test('an order whose way was not seen to its end is left out', () => {
  const { gateway, orders, inventory } = traced(1_000);
  const cut = { gateway, orders, inventory: inventory.slice(0, -1) };
  expect(hopsOfOrders(cut, ports)).toEqual([]);
});

test('an order that was not alone is left out', () => {
  const [first, second] = [traced(1_000), traced(1_050)];
  const both = {
    gateway: [...first.gateway, ...second.gateway].sort((a, b) => a.atMs - b.atMs),
    orders: first.orders,
    inventory: first.inventory,
  };
  expect(hopsOfOrders(both, ports)).toEqual([]);
});
