// The streams to orders: a fixed number, each replaced when it breaks, when orders asks for it, and once in a while.
import type { Logger } from '@orderflow/shared/runtime/logger.ts';
import { OrderStream, type OnStream } from './orderStream.ts';
import type { Upstream } from './upstream.ts';

/** A balancer distributes connections, not orders: a new instance gets its share when they are made anew. */
const RENEW_MS = 60_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

export interface OrderStreamsOptions {
  readonly orders: Upstream;
  readonly count: number;
  readonly logger: Logger;
  readonly renewMs?: number;
  readonly heartbeatMs?: number;
}

/** All streams of one gateway. */
export interface OrderStreams {
  /**
   * Sends an order on the stream with the fewest under way. If all are full or none is open, it waits for one. Gives
   * the way to take it back, or to hear no more of it.
   */
  readonly send: (order: OnStream) => () => void;
  readonly close: () => void;
}

interface Queued {
  readonly order: OnStream;
  forget: () => void;
}

/** Opens the streams, and keeps them open. The caller bounds how many orders it hands in. */
export function createOrderStreams(options: OrderStreamsOptions): OrderStreams {
  const queue = new Set<Queued>();
  const slots = Array.from({ length: options.count }, () => createSlot(options, pump));

  function freest(): OrderStream | undefined {
    let best: OrderStream | undefined;
    for (const slot of slots) {
      const stream = slot.current();
      if (stream === undefined || stream.isFull) continue;
      if (best === undefined || stream.underWay < best.underWay) best = stream;
    }
    return best;
  }

  function pump(): void {
    for (const queued of queue) {
      const stream = freest();
      if (stream === undefined) return;
      queue.delete(queued);
      queued.forget = stream.send(queued.order);
    }
  }

  return {
    send(order) {
      const queued: Queued = { order, forget: () => queue.delete(queued) };
      queue.add(queued);
      pump();
      return () => {
        queued.forget();
      };
    },
    close() {
      for (const slot of slots) slot.close();
    },
  };
}

/** One of the streams, through all its replacements. `onReady`: it can take orders, again or for the first time. */
function createSlot(options: OrderStreamsOptions, onReady: () => void) {
  const { orders, logger, renewMs = RENEW_MS } = options;
  const heartbeat = options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs };
  let current: OrderStream | undefined;
  let opening: OrderStream | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = FIRST_PAUSE_MS;

  function open(): void {
    // A renewal may be under way when the old stream breaks: one is enough.
    if (opening !== undefined) return;
    const stream = new OrderStream({
      ...{ orders, ...heartbeat, onDrain: onReady },
      onOpen() {
        // The new one is there before the old one goes, so that no order waits for it.
        current?.retire();
        current = stream;
        opening = undefined;
        pauseMs = FIRST_PAUSE_MS;
        // By chance, or all gateways would come at once to whoever was there first after a restart.
        openIn(renewMs * (0.8 + Math.random() * 0.4));
        onReady();
      },
      onGone(error) {
        const lost = stream.underWay;
        if (pauseMs === FIRST_PAUSE_MS)
          logger.warn({ err: error, underWay: lost }, 'a stream to orders is gone, opened again');
        if (stream === current) current = undefined;
        else opening = undefined;
        openIn(pauseMs * (0.5 + Math.random() / 2));
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      },
    });
    opening = stream;
  }

  function openIn(milliseconds: number): void {
    clearTimeout(timer);
    timer = setTimeout(open, milliseconds);
  }

  open();
  return {
    current: () => current,
    close() {
      clearTimeout(timer);
      current?.destroy();
      opening?.destroy();
    },
  };
}
