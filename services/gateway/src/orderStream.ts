// One stream to the orders service: opened by an upgrade, used until it breaks or is retired.
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import {
  ORDER_STREAM,
  parseReply,
  type OrderAnswer,
  type Reply,
} from '@orderflow/shared/contracts/orderStream.ts';
import { createLineStream, type LineStream } from '@orderflow/shared/http/lineStream.ts';
import { failpoint } from '@orderflow/shared/runtime/failpoints.ts';
import type { Upstream } from './upstream.ts';

/** An instance that takes the connection and does not answer for so long is not one to wait for. */
const OPEN_TIMEOUT_MS = 2_000;

/** What becomes of an order on a stream. After `answered` or `lost` the stream knows it no more. */
export interface OnStream {
  /** The order as it is sent: `n` is its number on this stream. */
  line(n: number): string;
  /** It goes out now. */
  sent(): void;
  accepted(): void;
  answered(answer: OrderAnswer): void;
  /** The stream broke: the order may have arrived, or not. */
  lost(): void;
}

export interface OrderStreamOptions {
  readonly orders: Upstream;
  readonly onOpen: () => void;
  /** It can take orders, after it was full. */
  readonly onDrain: () => void;
  /**
   * Once, unless it was retired before: it could not be opened or broke (`error`), or orders wants no more on it. It
   * then takes no more orders; those under way are still answered, or told to be lost.
   */
  readonly onGone: (error: Error | undefined) => void;
  readonly heartbeatMs?: number;
}

/** One stream, opened by its constructor. Orders may be sent on it between `onOpen` and `onGone`. */
export class OrderStream {
  readonly #options: OrderStreamOptions;
  readonly #underWay = new Map<number, OnStream>();
  readonly #cancelUpgrade: () => void;
  #lines: LineStream | undefined;
  #isRetired = false;
  #lastNumber = 0;

  constructor(options: OrderStreamOptions) {
    this.#options = options;
    this.#cancelUpgrade = upgrade(
      options.orders,
      (socket, head) => {
        this.#open(socket, head);
      },
      (error) => {
        this.#gone(error);
      },
    );
  }

  /** Orders that it has not answered yet. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** True while it would only keep an order in memory. */
  get isFull(): boolean {
    return this.#lines?.isFull() ?? true;
  }

  /** Sends an order; gives the way to hear no more of it. */
  send(order: OnStream): () => void {
    const n = (this.#lastNumber += 1);
    this.#underWay.set(n, order);
    order.sent();
    this.#lines?.write(order.line(n));
    failpoint('gateway.order-sent');
    return () => {
      this.#forget(n);
    };
  }

  /** Nothing more is sent on it; it ends when the last answer has come. */
  retire(): void {
    this.#isRetired = true;
    this.#endIfUnused();
  }

  /** Cuts it off, and tells nobody. */
  destroy(): void {
    this.#isRetired = true;
    this.#underWay.clear();
    this.#cancelUpgrade();
    this.#lines?.destroy();
  }

  #open(socket: Socket, head: Buffer): void {
    const { onDrain, onOpen, heartbeatMs } = this.#options;
    this.#lines = createLineStream(socket, head, {
      lineLimitBytes: ORDER_STREAM.replyLimitBytes,
      ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
      onDrain,
      onLines: (lines) => {
        for (const line of lines) this.#take(parseReply(line));
      },
      onClose: (error) => {
        const lost = [...this.#underWay.values()];
        this.#gone(error ?? new Error('orders has ended the stream'));
        this.#underWay.clear();
        for (const order of lost) order.lost();
      },
    });
    onOpen();
  }

  #take(reply: Reply): void {
    switch (reply.kind) {
      case 'leaving':
        this.#gone(undefined);
        return;
      case 'accepted':
        for (const n of reply.orders) this.#underWay.get(n)?.accepted();
        return;
      case 'answer': {
        // Undefined: nobody waits for it any more.
        const order = this.#underWay.get(reply.n);
        this.#forget(reply.n);
        failpoint('gateway.answer-untold');
        order?.answered(reply.answer);
      }
    }
  }

  #gone(error: Error | undefined): void {
    if (this.#isRetired) return;
    this.retire();
    this.#options.onGone(error);
  }

  #forget(n: number): void {
    this.#underWay.delete(n);
    this.#endIfUnused();
  }

  /** Only this side ends a stream, and only when no answer is on its way to it: so none is cut off. */
  #endIfUnused(): void {
    if (this.#isRetired && this.#underWay.size === 0) this.#lines?.end();
  }
}

/** Asks for the upgrade; gives the way to cancel that. Calls back once. */
function upgrade(
  { name, address }: Upstream,
  onOpen: (socket: Socket, head: Buffer) => void,
  onFailure: (error: Error) => void,
): () => void {
  const { protocol, path } = ORDER_STREAM;
  const headers = { connection: 'Upgrade', upgrade: protocol };
  const request = httpRequest({ ...address, path, headers, agent: false });
  const fail = (message: string): void => {
    request.destroy(new Error(`${name}: ${message}`));
  };
  const timer = setTimeout(() => {
    fail(`no stream within ${OPEN_TIMEOUT_MS} ms`);
  }, OPEN_TIMEOUT_MS);
  request.once('upgrade', (_answer, socket, head) => {
    clearTimeout(timer);
    onOpen(socket, head);
  });
  request.once('response', (answer) => {
    answer.resume();
    clearTimeout(timer);
    onFailure(new Error(`${name}: a stream was refused by ${answer.statusCode}`));
    request.destroy();
  });
  request.on('error', (error) => {
    clearTimeout(timer);
    onFailure(error);
  });
  request.end();
  return () => {
    clearTimeout(timer);
    request.destroy();
  };
}
