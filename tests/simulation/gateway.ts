// The clients and their gateway: orders in streams to the instances of orders, sent again until they are answered.
import { z } from 'zod';
import { parseReply, type OrderAnswer } from '@orderflow/shared/contracts/orderStream.ts';
import { OrderSocket } from './orderSocket.ts';
import type { PlannedLine, PlannedOrder } from './plan.ts';
import { instancesOf, type Running, type Shop } from './shop.ts';

/** How long a client waits, its attempts together. */
const WAIT_MS = 5_000;
/** How much longer an answer to the last attempt is waited for. */
const GRACE_MS = 2_000;
const PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

/** What a client was told in the end. `unknown`: nobody can say whether the order exists. */
export type Outcome =
  | { readonly kind: 'answered'; readonly answer: OrderAnswer }
  | { readonly kind: 'accepted' | 'unknown' | 'unreached' };

/** An order as it is sent. */
export type SentOrder = Pick<PlannedOrder, 'orderId' | 'userId'> & {
  readonly lines: readonly PlannedLine[];
};

/** What is heard of one attempt. */
interface Attempt {
  readonly accepted: () => void;
  readonly answered: (answer: OrderAnswer) => void;
  readonly lost: () => void;
}

interface Stream {
  readonly socket: OrderSocket;
  readonly attempts: Map<number, Attempt>;
}

const acceptedBy = { kind: 'accepted' } as const;

/** One gateway. It never fails: what it does is nobody's fault here. */
export class Gateway {
  readonly #shop: Shop;
  readonly #streams = new Map<Running, Stream>();
  readonly #onAccepted: (order: SentOrder) => void;
  #count = 0;

  /** `onAccepted` is told at the moment at which orders says that an order is in the log. */
  constructor(shop: Shop, onAccepted: (order: SentOrder) => void) {
    this.#shop = shop;
    this.#onAccepted = onAccepted;
  }

  /** Sends an order until it has an outcome or its time is over. */
  async place(order: SentOrder): Promise<Outcome> {
    const { scheduler } = this.#shop.world;
    const deadline = scheduler.now + WAIT_MS;
    let mayHaveArrived = false;
    const accepted = { isSo: false };
    const noteAccepted = (): void => {
      accepted.isSo = true;
      this.#onAccepted(order);
    };
    for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const reply = await this.#attempt(order, deadline, noteAccepted);
      if (typeof reply === 'object') {
        const { status } = reply;
        if (status < 500 || (status === 503 && !mayHaveArrived && !accepted.isSo))
          return { kind: 'answered', answer: reply };
      }
      if (reply !== 'nobody') mayHaveArrived = true;
      if (scheduler.now + pauseMs >= deadline) {
        if (accepted.isSo) return acceptedBy;
        return { kind: mayHaveArrived ? 'unknown' : 'unreached' };
      }
      await this.#shop.world.wait(pauseMs);
    }
  }

  /** Cuts the streams to a process. */
  cut(process: string): void {
    for (const [running, { socket }] of this.#streams)
      if (running.process.name === process) socket.cut();
  }

  #attempt(
    order: SentOrder,
    deadline: number,
    accepted: () => void,
  ): Promise<OrderAnswer | 'lost' | 'nobody' | 'late'> {
    const { world } = this.#shop;
    const instances = instancesOf(this.#shop, 'orders').filter(
      ({ leaving }) => !leaving.signal.aborted,
    );
    if (instances.length === 0) return Promise.resolve('nobody');
    const { socket, attempts } = this.#streamTo(world.random.pick(instances));
    const n = (this.#count += 1);
    const waitMs = Math.max(0, deadline - world.scheduler.now);
    return new Promise((resolve) => {
      const late = world.later(waitMs + GRACE_MS, () => {
        settle('late');
      });
      const settle = (outcome: OrderAnswer | 'lost' | 'late'): void => {
        late.run = undefined;
        attempts.delete(n);
        resolve(outcome);
      };
      attempts.set(n, {
        accepted,
        answered: settle,
        lost: () => {
          settle('lost');
        },
      });
      socket.receive(`${JSON.stringify({ n, ...order, waitMs, correlationId: order.orderId })}\n`);
    });
  }

  #streamTo(running: Running): Stream {
    const known = this.#streams.get(running);
    if (known !== undefined) return known;
    const { world } = this.#shop;
    const attempts = new Map<number, Attempt>();
    const socket = new OrderSocket(
      world,
      running.process,
      (text) => {
        if (text === '\n') socket.receive('\n');
        for (const line of text.split('\n')) if (line !== '') hear(attempts, line);
      },
      () => {
        this.#streams.delete(running);
        for (const attempt of [...attempts.values()]) attempt.lost();
      },
    );
    const stream = { socket, attempts };
    this.#streams.set(running, stream);
    world.scheduler.schedule(0, running.process, () => {
      running.orderStream?.take(socket, Buffer.alloc(0), running.leaving.signal);
    });
    return stream;
  }
}

function hear(attempts: ReadonlyMap<number, Attempt>, line: string): void {
  const reply = parseReply(line);
  if (reply.kind === 'answer') attempts.get(reply.n)?.answered(reply.answer);
  if (reply.kind === 'accepted') for (const n of reply.orders) attempts.get(n)?.accepted();
}

const message = z.object({ message: z.string() });

/** The words of an answer in the demo's shape; undefined for a confirmed order. */
export function messageOf(answer: OrderAnswer): string | undefined {
  return message.safeParse(JSON.parse(answer.body)).data?.message;
}
