// One stream to the orders service: opened by an upgrade, used until it breaks or is retired.
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import {
  ORDER_STREAM,
  parseReply,
  type OrderAnswer,
} from '@orderflow/shared/contracts/orderStream.ts';
import { createLineStream, type LineStream } from '@orderflow/shared/http/lineStream.ts';
import type { Upstream } from './upstream.ts';

/** An instance that takes the connection and does not answer for so long is not one to wait for. */
const OPEN_TIMEOUT_MS = 2_000;

/** What becomes of an order on a stream. After `answered` or `lost` the stream knows it no more. */
export interface OnStream {
  /** The order as it is sent: `n` is its number on this stream. */
  line(n: number): string;
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

/** One stream. Orders may be sent on it between `onOpen` and `onGone`. */
export interface OrderStream {
  underWay(): number;
  isFull(): boolean;
  /** Sends an order; gives the way to hear no more of it. */
  send(order: OnStream): () => void;
  /** Nothing more is sent on it; it ends when the last answer has come. */
  retire(): void;
  destroy(): void;
}

/** Opens a stream. */
export function openOrderStream(options: OrderStreamOptions): OrderStream {
  const underWay = new Map<number, OnStream>();
  let lines: LineStream | undefined;
  let isGone = false;
  let lastNumber = 0;

  const forget = (n: number): void => {
    underWay.delete(n);
    // Only this side ends a stream, and only when no answer is on its way: so none is cut off.
    if (isGone && underWay.size === 0) lines?.end();
  };
  const retire = (): void => {
    isGone = true;
    if (underWay.size === 0) lines?.end();
  };
  const gone = (error?: Error): void => {
    if (isGone) return;
    retire();
    options.onGone(error);
  };
  const take = (line: string): void => {
    const reply = parseReply(line);
    if (reply.kind === 'leaving') gone();
    else if (reply.kind === 'accepted') for (const n of reply.orders) underWay.get(n)?.accepted();
    else {
      const order = underWay.get(reply.n);
      // Not known any more: its wait was over.
      forget(reply.n);
      order?.answered(reply.answer);
    }
  };

  const cancel = upgrade(
    options.orders,
    (socket, head) => {
      lines = createLineStream(socket, head, {
        lineLimitBytes: ORDER_STREAM.replyLimitBytes,
        ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
        onLines: (received) => {
          received.forEach(take);
        },
        onDrain: options.onDrain,
        onClose: (error) => {
          const lost = [...underWay.values()];
          gone(error ?? new Error('orders has ended the stream'));
          underWay.clear();
          for (const order of lost) order.lost();
        },
      });
      if (isGone) lines.end();
      else options.onOpen();
    },
    gone,
  );

  return {
    underWay: () => underWay.size,
    isFull: () => lines?.isFull() ?? true,
    send(order) {
      const n = (lastNumber += 1);
      underWay.set(n, order);
      lines?.write(order.line(n));
      return () => {
        forget(n);
      };
    },
    retire,
    destroy() {
      isGone = true;
      cancel();
      lines?.destroy();
    },
  };
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
