// Orders against inventory, line by line: what inventory decided of each line must be what its order says (promise P3).
import { z } from 'zod';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { Findings } from './findings.ts';

interface OpenOrder {
  /** What inventory decided of each line; undefined: nothing yet. */
  readonly lines: (string | undefined)[];
  decision: string | undefined;
}

const requested = z.object({ orderId: z.string(), lines: z.array(z.unknown()) });
const decided = z.object({ orderId: z.string(), rejectedLineIndex: z.number().optional() });
const line = z.object({ orderId: z.string(), line: z.object({ index: z.number() }) });

/** The orders under way while the logs are read side by side: those that are decided, by both, leave. */
export class OrderLines {
  readonly #orders = new Map<string, OpenOrder>();
  readonly #findings: Findings;
  readonly #isWhole: boolean;
  requested = 0;
  confirmed = 0;
  rejected = 0;

  /** `isWhole`: the logs are read from their beginning, so an order that is not known does not exist. */
  constructor(findings: Findings, isWhole: boolean) {
    this.#findings = findings;
    this.#isWhole = isWhole;
  }

  /** Takes an event of orders. */
  ofOrders({ type, data }: DomainEvent, name: string): void {
    if (type === 'OrderRequested') {
      const { orderId, lines } = requested.parse(data);
      this.requested += 1;
      this.#findings.checked('P3');
      this.#orders.set(orderId, { lines: lines.map(() => undefined), decision: undefined });
    } else if (type === 'OrderConfirmed' || type === 'OrderRejected') {
      const { orderId, rejectedLineIndex } = decided.parse(data);
      if (type === 'OrderConfirmed') this.confirmed += 1;
      else this.rejected += 1;
      this.#decide(orderId, type, name, rejectedLineIndex);
    }
  }

  /** Takes an event of inventory. */
  ofInventory({ type, data }: DomainEvent, name: string): void {
    if (type !== 'StockReserved' && type !== 'StockRejected') return;
    const { orderId, line: at } = line.parse(data);
    const order = this.#orders.get(orderId);
    if (order === undefined || at.index >= order.lines.length) {
      if (this.#isWhole)
        this.#findings.breach(
          'P3',
          `${name} decides line ${at.index} of order ${orderId}, which is not under way: it was never requested, or is decided`,
        );
      return;
    }
    if (order.lines[at.index] !== undefined)
      this.#findings.breach('P3', `${name} decides line ${at.index} of order ${orderId} once more`);
    order.lines[at.index] = type;
    this.#leaveIfDone(orderId, order);
  }

  /** Orders that have no decision yet. */
  undecided(): number {
    return [...this.#orders.values()].filter(({ decision }) => decision === undefined).length;
  }

  #decide(orderId: string, decision: string, name: string, rejectedLine: number | undefined): void {
    const order = this.#orders.get(orderId);
    if (order === undefined) {
      if (this.#isWhole)
        this.#findings.breach(
          'P3',
          `${name} decides order ${orderId}, which is not under way: it was never requested, or is decided`,
        );
      return;
    }
    if (order.decision !== undefined)
      this.#findings.breach(
        'P3',
        `${name} decides order ${orderId} once more: it was ${order.decision}`,
      );
    order.decision = decision;
    if (decision === 'OrderConfirmed') {
      for (const [index, said] of order.lines.entries())
        if (said !== 'StockReserved')
          this.#findings.breach(
            'P3',
            `${name} confirms order ${orderId}, but of line ${index} inventory says ${said ?? 'nothing'}`,
          );
    } else if (rejectedLine !== undefined && order.lines[rejectedLine] !== 'StockRejected')
      this.#findings.breach(
        'P3',
        `${name} rejects order ${orderId} for line ${rejectedLine}, but of it inventory says ${order.lines[rejectedLine] ?? 'nothing'}`,
      );
    this.#leaveIfDone(orderId, order);
  }

  /** Kept while something of it may still come. */
  #leaveIfDone(orderId: string, { decision, lines }: OpenOrder): void {
    if (decision !== undefined && !lines.includes(undefined)) this.#orders.delete(orderId);
  }
}
