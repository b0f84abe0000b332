// The gateway's end of a stream of orders, played: it sends what it is told and sorts the replies by their numbers.
import { request as httpRequest } from 'node:http';
import {
  ORDER_STREAM,
  parseReply,
  type OrderAnswer,
} from '@orderflow/shared/contracts/orderStream.ts';
import { createLineStream, type LineStream } from '@orderflow/shared/http/lineStream.ts';

/** An answer, its body parsed. */
export interface StreamAnswer extends Omit<OrderAnswer, 'body'> {
  readonly body: unknown;
}

export interface StreamClient {
  /** Sends an order under the next number. */
  place(order: object): Promise<StreamAnswer>;
  /** Sends a line as it is. */
  write(line: string): void;
  /** The numbers that were told to be accepted, in order. */
  accepted(): readonly number[];
  isAskedToLeave(): boolean;
  end(): void;
  /** Resolves when the stream is closed. */
  readonly closed: Promise<void>;
}

/** Opens a stream on a port of loopback. Throws when it is refused. */
export async function openStreamClient(port: number): Promise<StreamClient> {
  const waiting = new Map<number, (answer: StreamAnswer) => void>();
  const accepted: number[] = [];
  const closed = Promise.withResolvers<undefined>();
  let isAskedToLeave = false;
  let last = 0;
  const stream = await open(port, {
    onClose: () => {
      closed.resolve(undefined);
    },
    onLines: (lines) => {
      for (const reply of lines.map(parseReply)) {
        if (reply.kind === 'leaving') isAskedToLeave = true;
        else if (reply.kind === 'accepted') accepted.push(...reply.orders);
        else {
          const body: unknown = JSON.parse(reply.answer.body);
          waiting.get(reply.n)?.({ ...reply.answer, body });
        }
      }
    },
  });
  return {
    ...{ write: stream.write, end: stream.end, closed: closed.promise },
    accepted: () => accepted,
    isAskedToLeave: () => isAskedToLeave,
    place(order) {
      const n = (last += 1);
      stream.write(JSON.stringify({ n, ...order }));
      return new Promise((resolve) => waiting.set(n, resolve));
    },
  };
}

function open(
  port: number,
  handlers: { onLines: (lines: readonly string[]) => void; onClose: () => void },
): Promise<LineStream> {
  const { path, protocol, replyLimitBytes } = ORDER_STREAM;
  const headers = { connection: 'Upgrade', upgrade: protocol };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, headers, agent: false });
    request.on('error', reject);
    request.once('response', ({ statusCode }) => {
      request.destroy(new Error(`refused by ${statusCode}`));
    });
    request.once('upgrade', (_answer, socket, head) => {
      resolve(createLineStream(socket, head, { lineLimitBytes: replyLimitBytes, ...handlers }));
    });
    request.end();
  });
}
