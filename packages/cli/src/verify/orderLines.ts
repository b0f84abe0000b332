// Orders against inventory, line by line: what inventory decided of each line must be what its order says (promise P3).
// Judged by the two logs alone, not by what the services would send: a message that was never made is missed here.
import { z } from 'zod';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { Findings } from './findings.ts';
import {
  FOLLOWED_MESSAGES,
  isDone,
  openFault,
  type OpenLine,
  type OpenOrder,
} from './openOrder.ts';

/** Orders followed at a time. At most 100,000 may be undecided; more than these are under way only if a log is damaged. */
const FOLLOWED_ORDERS = 300_000;

const requested = z.object({ orderId: z.string(), lines: z.array(z.unknown()) });
const recorded = z.object({ orderId: z.string(), lineIndex: z.number() });
const decided = z.object({ orderId: z.string(), rejectedLineIndex: z.number().optional() });
const lineOf = z.object({
  orderId: z.string(),
  line: z.object({ index: z.number() }),
  sold: z.boolean().optional(),
});

/** The orders under way while the logs are read side by side: those that both services are done with leave. */
export class OrderLines {
  readonly #orders = new Map<string, OpenOrder>();
  readonly #findings: Findings;
  readonly #isWhole: boolean;
  readonly #limit: number;
  requested = 0;
  confirmed = 0;
  rejected = 0;
  /** Orders that were given up, since more were under way than can be followed. */
  unfollowed = 0;

  /** `isWhole`: the logs are read from their beginning, so an order that is not known does not exist. */
  constructor(findings: Findings, isWhole: boolean, limit = FOLLOWED_ORDERS) {
    this.#findings = findings;
    this.#isWhole = isWhole;
    this.#limit = limit;
  }

  /** Takes an event of orders. */
  ofOrders({ type, data }: DomainEvent, name: string): void {
    if (type === 'OrderRequested') {
      const { orderId, lines } = requested.parse(data);
      this.requested += 1;
      this.#findings.checked('P3');
      this.#follow(orderId, { lines: lines.map(() => newLine()), decision: undefined });
    } else if (type === 'OrderLineReserved') {
      const { orderId, lineIndex } = recorded.parse(data);
      const line = this.#orders.get(orderId)?.lines[lineIndex];
      if (line !== undefined) line.isRecorded = true;
    } else if (type === 'OrderConfirmed' || type === 'OrderRejected') {
      const { orderId, rejectedLineIndex } = decided.parse(data);
      if (type === 'OrderConfirmed') this.confirmed += 1;
      else this.rejected += 1;
      this.#decide(orderId, type, name, rejectedLineIndex);
    }
  }

  /** Takes an event of inventory. */
  ofInventory({ type, data }: DomainEvent, name: string): void {
    if (type === 'StockReleased' || type === 'StockSold') this.#settle(type, data, name);
    if (type !== 'StockReserved' && type !== 'StockRejected') return;
    const { orderId, line: at, sold } = lineOf.parse(data);
    const order = this.#orders.get(orderId);
    const line = order?.lines[at.index];
    if (order === undefined || line === undefined) {
      this.#tellUnknown(`${name} decides line ${at.index} of order ${orderId}`);
      return;
    }
    if (line.said !== undefined)
      this.#findings.breach('P3', `${name} decides line ${at.index} of order ${orderId} once more`);
    line.said = type;
    if (sold === true) line.settled = 'StockSold';
    this.#leaveIfDone(orderId, order);
  }

  /** A message has not been handled, or what is wrong with it is told elsewhere: nothing is asked yet of the line that it is about. */
  await({ type, data }: { readonly type: string; readonly data: unknown }): void {
    if (!FOLLOWED_MESSAGES.includes(type)) return;
    const about = lineOf.safeParse(data);
    if (!about.success) return;
    const line = this.#orders.get(about.data.orderId)?.lines[about.data.line.index];
    if (line !== undefined) line.isAwaited = true;
  }

  /** Orders that have no decision yet. */
  undecided(): number {
    return [...this.#orders.values()].filter(({ decision }) => decision === undefined).length;
  }

  /** All logs were read: what is still under way must be so because of a message that is. */
  close(): void {
    for (const [orderId, order] of this.#orders) {
      const fault = openFault(order);
      if (fault !== undefined) this.#findings.breach('P3', `order ${orderId} ${fault}`);
    }
  }

  #follow(orderId: string, order: OpenOrder): void {
    this.#orders.set(orderId, order);
    if (this.#orders.size <= this.#limit) return;
    const [oldest] = this.#orders.keys();
    if (oldest !== undefined) this.#orders.delete(oldest);
    this.unfollowed += 1;
  }

  #decide(orderId: string, decision: string, name: string, rejectedLine: number | undefined): void {
    const order = this.#orders.get(orderId);
    if (order === undefined) {
      this.#tellUnknown(`${name} decides order ${orderId}`);
      return;
    }
    if (order.decision !== undefined)
      this.#findings.breach(
        'P3',
        `${name} decides order ${orderId} once more: it was ${order.decision}`,
      );
    order.decision = decision;
    if (decision === 'OrderConfirmed') {
      for (const [index, { said }] of order.lines.entries())
        if (said !== 'StockReserved')
          this.#findings.breach(
            'P3',
            `${name} confirms order ${orderId}, but of line ${index} inventory says ${said ?? 'nothing'}`,
          );
    } else if (rejectedLine !== undefined && order.lines[rejectedLine]?.said !== 'StockRejected')
      this.#findings.breach(
        'P3',
        `${name} rejects order ${orderId} for line ${rejectedLine}, but of it inventory says ${order.lines[rejectedLine]?.said ?? 'nothing'}`,
      );
    this.#leaveIfDone(orderId, order);
  }

  #settle(type: 'StockReleased' | 'StockSold', data: object, name: string): void {
    const { orderId, line: at } = lineOf.parse(data);
    const order = this.#orders.get(orderId);
    const line = order?.lines[at.index];
    // Stock that is not held any more cannot be settled: the product's own stream shows that.
    if (order === undefined || line === undefined) return;
    const fits = order.decision === (type === 'StockSold' ? 'OrderConfirmed' : 'OrderRejected');
    if (!fits)
      this.#findings.breach(
        'P3',
        `${name} settles line ${at.index} of order ${orderId}, whose decision is ${order.decision ?? 'not made'}`,
      );
    line.settled = type;
    this.#leaveIfDone(orderId, order);
  }

  #tellUnknown(what: string): void {
    if (this.#isWhole && this.unfollowed === 0)
      this.#findings.breach(
        'P3',
        `${what}, which is not under way: it was never requested, or is decided`,
      );
  }

  /** Kept while something of it must still come. */
  #leaveIfDone(orderId: string, order: OpenOrder): void {
    if (isDone(order)) this.#orders.delete(orderId);
  }
}

function newLine(): OpenLine {
  return { said: undefined, settled: undefined, isRecorded: false, isAwaited: false };
}
