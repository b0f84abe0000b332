// A keep-alive connection with one request in flight. Spoken by hand over a socket: node:http costs several times the CPU,
// which on a machine shared with the system under load is taken from that system.
import { connect, type Socket } from 'node:net';
import { parseResponse, type ParsedResponse } from './response.ts';

/** Counts for an answer that never came: the connection broke, or the time was up. */
export const NO_ANSWER = 0;
/** Node's servers close a connection that was idle for 5 s: one that is about to be closed is not used any more. */
const IDLE_LIMIT_MS = 3_000;

/** Where the load goes. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** One connection. */
export interface Connection {
  /** Sends a request, whole, and calls `done` once, with the status or NO_ANSWER. Only after the one before is done. */
  readonly send: (request: string, done: (status: number) => void) => void;
  /** Gives up on a request that was sent before `earliest` (of performance.now()). */
  readonly giveUpIfOlder: (earliest: number) => void;
  readonly close: () => void;
}

/** Makes a connection, which is opened by its first request, and again when the server has closed it. */
export function createConnection(target: Target): Connection {
  let socket: Socket | undefined;
  let received = '';
  let pending: ((status: number) => void) | undefined;
  let usedAt = 0;

  const drop = () => {
    socket?.destroy();
    socket = undefined;
  };
  const settle = (status: number) => {
    const done = pending;
    pending = undefined;
    received = '';
    usedAt = performance.now();
    done?.(status);
  };
  const look = (hasEnded: boolean) => {
    const response = pending && parseOrGiveUp(received, hasEnded);
    if (response === undefined) return;
    if (response.closes) drop();
    settle(response.status);
  };
  const open = () => {
    const opened = openSocket(target, (text) => {
      if (opened !== socket) return; // dropped by us, or replaced
      received += text ?? '';
      if (text === undefined) socket = undefined;
      look(text === undefined);
    });
    socket = opened;
    return opened;
  };
  return {
    send: (request, done) => {
      const now = performance.now();
      if (socket !== undefined && now - usedAt > IDLE_LIMIT_MS) drop();
      pending = done;
      usedAt = now;
      (socket ?? open()).write(request, 'latin1');
    },
    giveUpIfOlder: (earliest) => {
      if (pending === undefined || usedAt >= earliest) return;
      drop();
      settle(NO_ANSWER);
    },
    close: drop,
  };
}

/** What is no HTTP, or ends before its time, is no answer, and the connection is of no more use. */
function parseOrGiveUp(received: string, hasEnded: boolean): ParsedResponse | undefined {
  const noAnswer = { status: NO_ANSWER, closes: true };
  try {
    return parseResponse(received, hasEnded) ?? (hasEnded ? noAnswer : undefined);
  } catch {
    return noAnswer;
  }
}

/** `onText` is called with what comes in, and without anything when the connection is closed. */
function openSocket({ host, port }: Target, onText: (text?: string) => void): Socket {
  const opened = connect({ host, port, noDelay: true });
  opened.on('data', (bytes: Buffer) => {
    onText(bytes.toString('latin1'));
  });
  opened.on('error', () => undefined); // 'close' follows
  opened.on('close', () => {
    onText();
  });
  return opened;
}
