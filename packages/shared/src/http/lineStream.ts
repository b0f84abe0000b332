// Lines both ways over one long-lived socket: written together, read together, with a heartbeat.
import type { Socket } from 'node:net';
import { AppError } from '../runtime/appError.ts';

/** Each side writes an empty line when it has written nothing for this long. */
const HEARTBEAT_MS = 5_000;
/** So many heartbeats without a byte from the other side, and it counts as dead. */
const SILENT_BEATS = 3;
const NEWLINE = 0x0a;

/** What a line stream is made of. */
export interface LineStreamOptions {
  /** Longest line that is taken, in bytes. */
  readonly lineLimitBytes: number;
  /** The lines that came together, without their ends and without heartbeats. What it throws ends the stream. */
  readonly onLines: (lines: readonly string[]) => void;
  /** Just before what was written goes out: the last moment to write what goes with it. */
  readonly onFlush?: () => void;
  /** The socket takes more again, after `isFull`. */
  readonly onDrain?: () => void;
  /** The other side writes no more. Without it the stream ends, too. */
  readonly onEnd?: () => void;
  /** Called once; without an error when both sides have ended in order. */
  readonly onClose: (error: Error | undefined) => void;
  readonly heartbeatMs?: number;
}

/** One end of the stream. */
export interface LineStream {
  /** Writes a line. All that is written in one turn of the event loop goes out in one piece at its end. */
  readonly write: (line: string) => void;
  /** Sees to it that `onFlush` is called at the end of this turn, even if no line is written. */
  readonly flushSoon: () => void;
  /** True: the other side does not keep up, and what is written stays in memory. */
  readonly isFull: () => boolean;
  /** Reads no more until `resume`: the other side then notices by `isFull`. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Writes what is left and ends. */
  readonly end: () => void;
  /** Cuts it off. */
  readonly destroy: (error?: Error) => void;
}

/** Makes a line stream of a socket that nobody else uses any more; `head` are bytes of it that were read already. */
export function createLineStream(
  socket: Socket,
  head: Buffer,
  options: LineStreamOptions,
): LineStream {
  const { heartbeatMs = HEARTBEAT_MS } = options;
  const splitter = createLineSplitter(options.lineLimitBytes);
  const outbox = createOutbox(socket, options.onFlush);
  let failure: Error | undefined;
  let heard = true;
  let silentBeats = 0;
  const destroy = (error?: Error): void => {
    failure ??= error;
    socket.destroy();
  };
  const read = (chunk: Buffer): void => {
    heard = true;
    try {
      const lines = splitter(chunk);
      if (lines.length > 0) options.onLines(lines);
    } catch (error) {
      destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const beat = setInterval(() => {
    // Also while this side reads nothing because the other one does not: who takes nothing for so long is dead, too.
    silentBeats = heard ? 0 : silentBeats + 1;
    heard = false;
    if (silentBeats >= SILENT_BEATS) destroy(silent(silentBeats * heartbeatMs));
    else outbox.beat();
  }, heartbeatMs);
  // Neither the server's nor the agent's time-outs: this socket is judged by its heartbeat alone.
  socket.setTimeout(0).setNoDelay(true);
  socket.on('error', (error) => (failure ??= error));
  socket.on('drain', () => options.onDrain?.());
  socket.on('end', options.onEnd ?? outbox.end);
  socket.once('close', () => {
    clearInterval(beat);
    options.onClose(failure);
  });
  if (head.length > 0) socket.unshift(head);
  socket.on('data', read);
  return {
    write: outbox.write,
    flushSoon: outbox.flushSoon,
    isFull: () => socket.writableNeedDrain,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: outbox.end,
    destroy,
  };
}

function silent(forMs: number): AppError {
  const message = `The other end of the stream was silent for ${forMs} ms`;
  return new AppError('stream_silent', message, { retryable: true });
}

/** Gathers the lines of one turn of the event loop: a system call for each would cost more than the orders in them. */
function createOutbox(socket: Socket, onFlush?: () => void) {
  let lines: string[] = [];
  let scheduled = false;
  let idle = true;
  const flush = (): void => {
    onFlush?.();
    scheduled = false;
    if (lines.length === 0 || !socket.writable) return;
    idle = false;
    const text = `${lines.join('\n')}\n`;
    lines = [];
    socket.write(text);
  };
  const flushSoon = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  };
  return {
    flushSoon,
    write: (line: string): void => {
      lines.push(line);
      flushSoon();
    },
    beat: (): void => {
      if (idle && socket.writable) socket.write('\n');
      idle = true;
    },
    end: (): void => {
      flush();
      socket.end();
    },
  };
}

/**
 * Cuts bytes into lines. Works on bytes up to the last newline of a chunk, as a character may be cut in two by its end;
 * what is behind it waits in pieces that are joined once, when their line is whole. Empty lines are left out.
 */
function createLineSplitter(limitBytes: number): (chunk: Buffer) => readonly string[] {
  let pieces: Buffer[] = [];
  let pendingBytes = 0;
  return (chunk) => {
    const last = chunk.lastIndexOf(NEWLINE);
    const rest = last === -1 ? chunk : chunk.subarray(last + 1);
    const firstEnd = last === -1 ? chunk.length : chunk.indexOf(NEWLINE);
    if (pendingBytes + firstEnd > limitBytes || rest.length > limitBytes)
      throw lineTooLong(limitBytes);
    let lines: readonly string[] = [];
    if (last !== -1) {
      const whole = chunk.subarray(0, last);
      const bytes = pieces.length === 0 ? whole : Buffer.concat([...pieces, whole]);
      lines = bytes
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '');
      // A character has at least one byte; those in between came in one chunk, which bounds them, too.
      if (lines.some((line) => line.length > limitBytes)) throw lineTooLong(limitBytes);
      pieces = [];
      pendingBytes = 0;
    }
    if (rest.length > 0) pieces.push(rest);
    pendingBytes += rest.length;
    return lines;
  };
}

function lineTooLong(limitBytes: number): AppError {
  const message = `A line of the stream is longer than ${limitBytes} bytes: send shorter ones`;
  return new AppError('line_too_long', message, { retryable: false });
}
