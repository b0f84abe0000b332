// Who waits for an order is told once it is decided, wherever that was, and never waits for ever.
import { randomUUID } from 'node:crypto';
import { orderIdSchema, userIdSchema, type OrderId } from '@orderflow/shared/contracts/ids.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { createOutcomeWaiters } from '../src/http/outcomeWaiters.ts';
import type { OrderView } from '../src/readmodel/orders.ts';

const LONG_MS = 60_000;
const newOrderId = () => orderIdSchema.parse(randomUUID());

function rejectedOrder(orderId: OrderId): OrderView {
  const at = '2026-11-22T11:07:18.764Z';
  return {
    orderId,
    ...{ userId: userIdSchema.parse(1), status: 'rejected', reason: 'out_of_stock', lines: [] },
    ...{ requestedAt: at, decidedAt: at },
  };
}

/** A waiting room over a database that is a set of decided orders. */
function waitingRoom(options: { waiterLimit?: number; failures?: number } = {}) {
  const decided = new Set<OrderId>();
  const asked: (readonly OrderId[])[] = [];
  const warnings: unknown[] = [];
  let failures = options.failures ?? 0;
  const waiters = createOutcomeWaiters({
    queries: {
      findDecided: (orderIds) => {
        asked.push(orderIds);
        failures -= 1;
        if (failures >= 0) return Promise.reject(new Error('the database is away'));
        return Promise.resolve(orderIds.filter((id) => decided.has(id)).map(rejectedOrder));
      },
    },
    logger: { warn: (fields: unknown) => void warnings.push(fields) },
    ...(options.waiterLimit === undefined ? {} : { waiterLimit: options.waiterLimit }),
  });
  return { waiters, decided, asked, warnings };
}

describe('a request that waits', () => {
  it('is told all at once with the others that wait for the same order', async () => {
    const { waiters, decided } = waitingRoom();
    const orderId = newOrderId();
    const same = [1, 2, 3].map(() => waiters.register(orderId));
    const outcomes = Promise.all(same.map((waiter) => waiter.outcome(LONG_MS)));
    decided.add(orderId);
    waiters.wake([orderId]);
    expect(await outcomes).toEqual([1, 2, 3].map(() => rejectedOrder(orderId)));
    for (const waiter of same) waiter.release();
  });

  it('is told of an order that was decided here without a query', async () => {
    const { waiters, asked } = waitingRoom();
    const orderId = newOrderId();
    expect(waiters.isAwaited(orderId)).toBe(false);
    const waiter = waiters.register(orderId);
    expect(waiters.isAwaited(orderId)).toBe(true);
    waiters.tell(rejectedOrder(orderId));
    expect(await waiter.outcome(LONG_MS)).toEqual(rejectedOrder(orderId));
    waiter.release();
    expect(waiters.isAwaited(orderId)).toBe(false);
    waiters.tell(rejectedOrder(orderId));
    expect(asked).toEqual([]);
  });

  it('is told of a decision between its registration and its wait', async () => {
    const { waiters, decided } = waitingRoom();
    const orderId = newOrderId();
    const waiter = waiters.register(orderId);
    decided.add(orderId);
    waiters.wake([orderId]);
    expect(await waiter.outcome(LONG_MS)).toEqual(rejectedOrder(orderId));
    waiter.release();
  });

  it('is told of what another instance decided, though nobody wakes it here', async () => {
    const { waiters, decided } = waitingRoom();
    const waiter = waiters.register(newOrderId());
    const other = waiters.register(newOrderId());
    const orderId = newOrderId();
    const third = waiters.register(orderId);
    decided.add(orderId);
    expect(await third.outcome(LONG_MS)).toEqual(rejectedOrder(orderId));
    for (const each of [waiter, other, third]) each.release();
  });

  it('is told after the database was away', async () => {
    const { waiters, decided, warnings } = waitingRoom({ failures: 4 });
    const orderId = newOrderId();
    const waiter = waiters.register(orderId);
    decided.add(orderId);
    waiters.wake([orderId]);
    expect(await waiter.outcome(LONG_MS)).toEqual(rejectedOrder(orderId));
    // Not once a query: while a database is away, that is forty lines a second.
    expect(warnings).toHaveLength(1);
    waiter.release();
  });

  it('is given up when its time is over, or when the process ends', async () => {
    const { waiters } = waitingRoom();
    const late = waiters.register(newOrderId());
    expect(await late.outcome(1)).toBeUndefined();
    const waiting = late.outcome(LONG_MS);
    waiters.close();
    expect(await waiting).toBeUndefined();
    const next = waiters.register(newOrderId());
    expect(await next.outcome(LONG_MS)).toBeUndefined();
    for (const each of [late, next]) each.release();
  });
});

describe('the waiting room', () => {
  it('takes no more than its limit, and one again when one has left', () => {
    const { waiters } = waitingRoom({ waiterLimit: 2 });
    const first = waiters.register(newOrderId());
    const second = waiters.register(newOrderId());
    expect(() => waiters.register(newOrderId())).toThrow('Too many orders are waiting, try again');
    first.release();
    // A place is given back once.
    first.release();
    const third = waiters.register(newOrderId());
    expect(() => waiters.register(newOrderId())).toThrow('Too many');
    second.release();
    third.release();
  });

  it('asks for nobody who has not waited from one poll to the next', async () => {
    const { waiters, asked, decided } = waitingRoom();
    const long = newOrderId();
    // Found each time, as it does not leave: so there is a look with each poll.
    decided.add(long);
    const longWaiter = waiters.register(long);
    await eventually(() => asked.length > 0, 'the first query');
    const late = newOrderId();
    const lateWaiter = waiters.register(late);
    const before = asked.length;
    await eventually(() => asked.flat().includes(late), 'the late one is asked for');
    expect(asked[before]).toEqual([long]);
    for (const waiter of [longWaiter, lateWaiter]) waiter.release();
  });

  it('asks less often while it asks in vain, and with each poll again once something is found', async () => {
    // Two rooms under one clock: one finds something with each look, since who is told does not leave.
    const finding = waitingRoom();
    const orderIds = [newOrderId(), newOrderId()] as const;
    finding.decided.add(orderIds[0]);
    const seeking = waitingRoom();
    const places = [finding.waiters.register(orderIds[0]), seeking.waiters.register(orderIds[1])];
    await eventually(() => finding.asked.length >= 20, 'twenty polls');
    expect(seeking.asked.length).toBeLessThan(10);
    seeking.decided.add(orderIds[1]);
    await places[1]?.outcome(LONG_MS);
    const before = seeking.asked.length;
    finding.asked.length = 0;
    await eventually(() => finding.asked.length >= 10, 'ten more polls');
    expect(seeking.asked.length - before).toBeGreaterThan(7);
    for (const place of places) place.release();
  });

  it('has rested enough for whoever comes after all have left', async () => {
    const { waiters, asked } = waitingRoom();
    const inVain = waiters.register(newOrderId());
    await eventually(() => asked.length >= 5, 'four looks in vain', { intervalMs: 1 });
    inVain.release();
    asked.length = 0;
    // Both poll from the same moment on: the old room is to look no later than a new one.
    const rested = waitingRoom();
    const places = [waiters.register(newOrderId()), rested.waiters.register(newOrderId())];
    await eventually(() => rested.asked.length > 0, 'the look of a new room', { intervalMs: 1 });
    expect(asked).not.toEqual([]);
    for (const place of places) place.release();
  });

  it('asks for all that wait in one query, and for nobody who has left', async () => {
    const { waiters, asked } = waitingRoom();
    const orderIds = [newOrderId(), newOrderId()];
    const places = orderIds.map((orderId) => waiters.register(orderId));
    await eventually(() => asked.length > 0, 'the first query');
    expect(asked[0]).toEqual(orderIds);
    for (const place of places) place.release();
    waiters.wake(orderIds);
    const before = asked.length;
    const other = waiters.register(newOrderId());
    await eventually(() => asked.length > before, 'the next query');
    expect(asked.slice(before).flat()).not.toContain(orderIds[0]);
    other.release();
  });
});
