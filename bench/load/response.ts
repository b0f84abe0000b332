// Reads one HTTP/1.1 answer off a connection, as far as a load generator needs it: its status, and where it ends.

/** A whole answer. */
export interface ParsedResponse {
  readonly status: number;
  /** The server closes the connection after it. */
  readonly closes: boolean;
}

const HEAD_END = '\r\n\r\n';

/**
 * Gives the answer that `received` (one character a byte, latin1) holds, or undefined while a part of it is still to come.
 * `hasEnded`: the server has closed the connection, which ends a body of no stated length. Throws for what is no HTTP/1.1.
 */
export function parseResponse(received: string, hasEnded = false): ParsedResponse | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = received.slice(0, headEnd).toLowerCase();
  if (!/^http\/1\.1 \d{3}/.test(head)) throw new Error(`Not HTTP/1.1: ${head.slice(0, 40)}`);
  const status = Number(head.slice(9, 12));
  const closes = head.includes('\r\nconnection: close');
  const bodyStart = headEnd + HEAD_END.length;
  if (!isBodyWhole(head, received, bodyStart, status, hasEnded)) return undefined;
  return { status, closes: closes || hasEnded };
}

function isBodyWhole(
  head: string,
  received: string,
  bodyStart: number,
  status: number,
  hasEnded: boolean,
): boolean {
  if (status === 204 || status === 304) return true;
  const length = headerOf(head, 'content-length');
  if (length !== undefined) return received.length - bodyStart >= Number(length);
  if (headerOf(head, 'transfer-encoding') === 'chunked') return areChunksWhole(received, bodyStart);
  return hasEnded;
}

function headerOf(head: string, name: string): string | undefined {
  const start = head.indexOf(`\r\n${name}:`);
  if (start < 0) return undefined;
  const valueStart = start + name.length + 3;
  const end = head.indexOf('\r\n', valueStart);
  return head.slice(valueStart, end < 0 ? undefined : end).trim();
}

function areChunksWhole(received: string, bodyStart: number): boolean {
  let at = bodyStart;
  for (;;) {
    const sizeEnd = received.indexOf('\r\n', at);
    if (sizeEnd < 0) return false;
    const size = Number.parseInt(received.slice(at, sizeEnd), 16);
    if (Number.isNaN(size)) throw new Error('A chunk has no size');
    // The last chunk is empty; its trailers, of which no server here sends any, end with an empty line.
    if (size === 0) return received.includes('\r\n\r\n', at);
    at = sizeEnd + 2 + size + 2;
    if (at > received.length) return false;
  }
}
