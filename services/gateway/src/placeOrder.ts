// `POST /order` on its way to the orders service: sent under one id until its outcome is known or the wait is over.
import type { OrderAnswer } from '@orderflow/shared/contracts/orderStream.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import type { Logger } from '@orderflow/shared/runtime/logger.ts';
import type { OnStream } from './orderStream.ts';
import { createOrderStreams, type OrderStreams, type OrderStreamsOptions } from './orderStreams.ts';

/** An order as it travels, with what belongs to the request that it came in. */
export interface TravellingOrder {
  readonly orderId: string;
  readonly userId: number;
  readonly lines: readonly { readonly productId: number; readonly quantity: number }[];
  readonly correlationId: string;
  readonly traceparent?: string | undefined;
}

/** What came of it. `accepted`: it exists, undecided; `unknown`: it may exist; `unreached`: it cannot. */
export type Placed =
  | { readonly kind: 'answered'; readonly answer: OrderAnswer }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unreached' };

export interface OrderPlacingOptions extends Omit<OrderStreamsOptions, 'count'> {
  readonly streamCount: number;
  /** How long a client waits. */
  readonly waitMs: number;
  /** Orders that may wait at once. */
  readonly waitingLimit: number;
}

/** Where orders wait for their outcome. */
export interface OrderPlacing {
  /** Gives what came of the order, at the end of the wait at the latest. Throws AppError 'too_many_waiting' at once. */
  readonly place: (order: TravellingOrder) => Promise<Placed>;
  /** Ends all waits, and every later one at once, with what is known by then. */
  readonly giveUp: () => void;
  /** Closes the streams. */
  readonly close: () => void;
}

/** Orders itself answers 202 when the wait is over; this is its time to do so. */
const ANSWER_GRACE_MS = 2_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

/**
 * Sends orders, and each again when the stream breaks under it, until its wait is over.
 *
 * The race that this stands: orders appends the order and dies (or its answer is lost) before the gateway hears of it.
 * Whether to send again must not depend on which it was, as nobody can know. It does not: the id was given here, it
 * names the order's stream in the log, and a stream's first version can be written once. The second request finds the
 * first one's event, waits for the same decision and gives the same answer.
 *
 * After a request that may have arrived, a refusal for want of capacity (5xx) says nothing about the first one, so it
 * cannot be passed on as 'not placed': it counts as unknown, and is asked again.
 */
export function createOrderPlacing(options: OrderPlacingOptions): OrderPlacing {
  const { waitMs, waitingLimit, logger } = options;
  const streams = createOrderStreams({ ...options, count: options.streamCount });
  const waits = new Set<Wait>();
  let givenUp = false;

  return {
    async place(order) {
      if (waits.size >= waitingLimit) {
        const message = 'Too many orders are waiting, try again';
        throw new AppError('too_many_waiting', message, { retryable: true });
      }
      if (givenUp) return { kind: 'unreached' };
      const wait = new Wait(order, { waitMs, logger, send: streams.send });
      waits.add(wait);
      const placed = await wait.outcome;
      waits.delete(wait);
      return placed;
    },
    giveUp() {
      givenUp = true;
      for (const wait of waits) wait.giveUp();
    },
    close: streams.close,
  };
}

interface WaitOptions {
  readonly waitMs: number;
  readonly logger: Logger;
  readonly send: OrderStreams['send'];
}

/** One order's wait: sent at once, and again after each failure; over when it is answered or its time has come. */
class Wait implements OnStream {
  readonly outcome: Promise<Placed>;
  readonly #resolve: (placed: Placed) => void;
  readonly #order: TravellingOrder;
  readonly #options: WaitOptions;
  readonly #deadline: number;
  #timer: NodeJS.Timeout;
  #againTimer: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #accepted = false;
  /** Of an attempt before the present one; `#isSent` is about the present one. */
  #mayHaveArrived = false;
  #isSent = false;
  #forget: () => void = () => undefined;

  constructor(order: TravellingOrder, options: WaitOptions) {
    const { promise, resolve } = Promise.withResolvers<Placed>();
    this.outcome = promise;
    this.#resolve = resolve;
    this.#order = order;
    this.#options = options;
    this.#deadline = performance.now() + options.waitMs;
    this.#timer = setTimeout(() => {
      this.#waitIsOver();
    }, options.waitMs);
    this.#send();
  }

  giveUp(): void {
    this.#forget();
    const unknown = this.#mayHaveArrived || this.#isSent ? 'unknown' : 'unreached';
    this.#settle({ kind: this.#accepted ? 'accepted' : unknown });
  }

  line(n: number): string {
    const waitMs = Math.max(0, Math.ceil(this.#deadline - performance.now()));
    return JSON.stringify({ n, ...this.#order, waitMs });
  }

  sent(): void {
    this.#isSent = true;
  }

  accepted(): void {
    this.#accepted = true;
  }

  answered(answer: OrderAnswer): void {
    if (isOutcome(answer.status, this.#mayHaveArrived)) this.#settle({ kind: 'answered', answer });
    else this.#sendAgain(`answered ${answer.status}`);
  }

  lost(): void {
    this.#sendAgain('lost');
  }

  #send(): void {
    this.#forget = this.#options.send(this);
  }

  #sendAgain(why: string): void {
    this.#mayHaveArrived = true;
    this.#isSent = false;
    if (performance.now() + this.#pauseMs >= this.#deadline) {
      this.giveUp();
      return;
    }
    // Debug: when a stream breaks, thousands come by here; that it broke is told once, where it is opened again.
    const { orderId } = this.#order;
    this.#options.logger.debug({ orderId, why }, 'orders gave no outcome, sent again');
    // Half of it by chance, or all that a restart has cut off would come back in one moment.
    this.#againTimer = setTimeout(
      () => {
        this.#send();
      },
      this.#pauseMs * (0.5 + Math.random() / 2),
    );
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  #waitIsOver(): void {
    if (!this.#isSent) this.giveUp();
    else
      this.#timer = setTimeout(() => {
        this.giveUp();
      }, ANSWER_GRACE_MS);
  }

  #settle(placed: Placed): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#againTimer);
    this.#resolve(placed);
  }
}

/**
 * Every answer below 500 is one, and a first 503: orders says so only of a request that has done nothing. 504: it could
 * not find out itself whether its append was committed; 500: a bug, before the append or after it. Asked again, it can
 * tell.
 */
function isOutcome(status: number, mayHaveArrived: boolean): boolean {
  return status < 500 || (status === 503 && !mayHaveArrived);
}
