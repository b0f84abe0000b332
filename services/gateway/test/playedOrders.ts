// The orders service's end of the streams, played on a real server.
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import {
  answerLine,
  ORDER_STREAM,
  type OrderAnswer,
} from '@orderflow/shared/contracts/orderStream.ts';
import { createLineStream, type LineStream } from '@orderflow/shared/http/lineStream.ts';
import { listenOn, onEnd } from './gatewayFixture.ts';

/** An order as it arrives. */
export interface Arrived {
  readonly n: number;
  readonly orderId: string;
  readonly waitMs: number;
}

/** The stream that an order came on, and its answers. */
export interface PlayedStream {
  answer(order: Arrived, answer: Partial<OrderAnswer>): void;
  /** As orders answers a decided order. */
  confirm(order: Arrived): void;
  /** Tells that the order is in the log. */
  accept(order: Arrived): void;
  askToLeave(): void;
  /** Writes bytes as they are. */
  write(text: string): void;
  /** Breaks it, as the death of its process would. */
  die(): void;
}

export interface PlayedOrders {
  readonly url: string;
  readonly port: number;
  /** All orders that have arrived, again or not. */
  readonly received: Arrived[];
  /** The streams that were opened, also those that are closed by now. */
  readonly streams: PlayedStream[];
  /** Streams that are open. */
  openStreams(): number;
  /** As kill -9 would: every connection is cut, nobody listens any more. */
  kill(): Promise<void>;
}

/** Starts an orders service that does what `take` says with each order that arrives. */
export async function startOrders(
  take: (order: Arrived, stream: PlayedStream) => void,
  port = 0,
): Promise<PlayedOrders> {
  const received: Arrived[] = [];
  const streams: PlayedStream[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('upgrade', (_request, socket: Socket, head: Buffer) => {
    const { protocol, orderLimitBytes } = ORDER_STREAM;
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
    );
    sockets.add(socket);
    const lines = createLineStream(socket, head, {
      lineLimitBytes: orderLimitBytes,
      onLines: (arrived) => {
        for (const line of arrived) {
          const order = JSON.parse(line) as Arrived;
          received.push(order);
          take(order, stream);
        }
      },
      onClose: () => sockets.delete(socket),
    });
    const stream = playedStream(socket, lines);
    streams.push(stream);
  });
  const listening = await listenOn(server, port);
  const kill = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => {
        resolve();
      });
    });
  onEnd(kill);
  return {
    ...{ received, streams, kill, port: listening, url: `http://127.0.0.1:${listening}` },
    openStreams: () => sockets.size,
  };
}

function playedStream(socket: Socket, lines: LineStream): PlayedStream {
  const answer: PlayedStream['answer'] = (order, { status = 200, body = '{}', ...rest }) => {
    lines.write(answerLine(order.n, { status, body, exists: false, ...rest }));
  };
  return {
    answer,
    confirm: (order) => {
      answer(order, { exists: true, body: '{"resp":{"ok":true}}' });
    },
    accept: ({ n }) => {
      lines.write(JSON.stringify({ accepted: [n] }));
    },
    askToLeave: () => {
      lines.write(JSON.stringify({ leaving: true }));
    },
    write: (text) => void socket.write(text),
    die: () => void socket.destroy(),
  };
}
