// A client of the gateway that keeps what it was told: every answer, and every answer that never came.
import { Agent, request } from 'node:http';

/** What came back. Status 0: the connection broke, so the outcome is unknown to the client. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body parsed as JSON; undefined if it is none. */
  readonly json: unknown;
}

/** Sends one request; never rejects. */
export type Call = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** A client over at most `maxSockets` keep-alive connections. An answer that takes over 60 s counts as never come. */
export function createClient(baseUrl: string, maxSockets = 128): { call: Call; close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets });
  const call: Call = (method, path, body, headers = {}) =>
    new Promise((resolve) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const lost = (error: Error) => {
        resolve({ status: 0, headers: {}, text: error.message, json: undefined });
      };
      const sent = request(
        new URL(path, baseUrl),
        {
          method,
          agent,
          timeout: 60_000,
          headers: {
            ...(payload === undefined
              ? {}
              : {
                  'content-type': 'application/json',
                  'content-length': String(Buffer.byteLength(payload)),
                }),
            ...headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('error', lost);
          response.on('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: parseJson(text),
            });
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('no answer within 60 s')));
      sent.on('error', lost);
      sent.end(payload);
    });
  return {
    call,
    close: () => {
      agent.destroy();
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
