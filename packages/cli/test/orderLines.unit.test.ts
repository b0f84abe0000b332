// Orders against inventory by their logs alone: what was never sent, and so never handled, must not pass.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import { Findings } from '../src/verify/findings.ts';
import { OrderLines } from '../src/verify/orderLines.ts';

const orderId = 'a';
const event = (type: string, data: object = {}): DomainEvent => {
  const common = { at: '2026-01-01T00:00:00.000Z', orderId };
  return { type, data: { ...common, ...data } };
};
const line = (index: number) => ({ line: { index, of: 2 } });
const requested = event('OrderRequested', { lines: [{}, {}] });
const reserved = (index: number) => event('StockReserved', { ...line(index), sold: false });
const refused = (index: number) => event('StockRejected', line(index));
const recorded = (lineIndex: number) => event('OrderLineReserved', { lineIndex });
const confirmed = event('OrderConfirmed');
const rejected = event('OrderRejected', { rejectedLineIndex: 0 });
const sold = (index: number) => event('StockSold', line(index));
const released = (index: number) => event('StockReleased', line(index));

/** The breaches of an order of two lines, after these events and with these messages unhandled. */
function faultsOf(events: readonly DomainEvent[], unhandled: readonly DomainEvent[] = []) {
  const findings = new Findings();
  const lines = new OrderLines(findings, true);
  for (const each of events)
    if (each.type.startsWith('Stock')) lines.ofInventory(each, 'event');
    else lines.ofOrders(each, 'event');
  for (const message of unhandled) lines.await(message);
  lines.close();
  return findings.breaches.map(({ promise, text }) => `${promise}: ${text}`);
}

describe('An order', () => {
  it.each([
    [
      'is confirmed and all its stock sold',
      [reserved(1), recorded(1), confirmed, sold(0), sold(1)],
    ],
    ['is rejected before its other line is reserved', [rejected, reserved(1), released(1)]],
  ])('that %s lacks nothing', (_case, events) => {
    const first = events.includes(rejected) ? refused(0) : reserved(0);
    expect(faultsOf([requested, first, ...events])).toEqual([]);
  });

  it('that is rejected must give back every line that was reserved, before or after', () => {
    const fault =
      'P3: order a is OrderRejected, and no message of it is under way, but line 1 is StockReserved and has no StockReleased';
    expect(faultsOf([requested, reserved(1), refused(0), rejected])).toEqual([fault]);
    expect(faultsOf([requested, refused(0), rejected, reserved(1)])).toEqual([fault]);
  });

  it('that is confirmed must sell every line that was held', () => {
    expect(faultsOf([requested, reserved(0), reserved(1), confirmed, sold(0)])).toEqual([
      'P3: order a is OrderConfirmed, and no message of it is under way, but line 1 is StockReserved and has no StockSold',
    ]);
  });

  it('that is rejected must have an answer to each of its lines all the same', () => {
    expect(faultsOf([requested, refused(0), rejected])).toEqual([
      expect.stringContaining('line 1 was never decided by inventory'),
    ]);
  });

  it('must be decided, unless a message about the line that it waits for is under way', () => {
    expect(faultsOf([requested])).toEqual([
      'P3: order a is undecided, and no message of it is under way, but line 0 was never decided by inventory, line 1 was never decided by inventory',
    ]);
    const asked = event('OrderRequested', line(1));
    const half = [requested, reserved(0), recorded(0)];
    expect(faultsOf(half, [asked])).toEqual([]);
    expect(faultsOf(half, [event('OrderRequested', line(0))])).toEqual([
      expect.stringContaining('but line 1 was never decided by inventory'),
    ]);
    expect(faultsOf([...half, reserved(1)])).toEqual([
      expect.stringContaining('line 1 is StockReserved without an effect'),
    ]);
    expect(faultsOf([...half, reserved(1), recorded(1)])).toEqual([
      'P3: order a is undecided, though all its lines are reserved',
    ]);
  });

  it('may hold stock while the message of its decision is under way, but not by one that settles another line', () => {
    const events = [requested, reserved(0), reserved(1), confirmed, sold(0)];
    expect(faultsOf(events, [event('OrderConfirmed', line(1))])).toEqual([]);
    expect(faultsOf(events, [event('OrderConfirmed', line(0))])).toHaveLength(1);
    expect(faultsOf(events, [event('StockSold', line(1))])).toHaveLength(1);
  });

  it('must not have its stock settled against its decision', () => {
    expect(faultsOf([requested, refused(0), reserved(1), rejected, sold(1)])).toContainEqual(
      'P3: event settles line 1 of order a, whose decision is OrderRejected',
    );
  });
});

describe('More orders under way than can be followed', () => {
  it('are counted, and nothing is said of those that were given up', () => {
    const findings = new Findings();
    const lines = new OrderLines(findings, true, 2);
    for (const id of ['a', 'b', 'c'])
      lines.ofOrders(event('OrderRequested', { orderId: id, lines: [{}] }), 'event');
    lines.ofInventory(event('StockRejected', { line: { index: 0, of: 1 } }), 'event');
    expect(findings.breaches).toEqual([]);
    expect(lines.unfollowed).toBe(1);
    lines.close();
    expect(findings.total).toBe(2);
  });
});
