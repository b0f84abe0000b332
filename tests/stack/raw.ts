// A request whose body is sent as it stands, malformed or not.
import { request } from 'node:http';
import type { Answer } from './client.ts';

/** Sends `body` with a content type and gives the answer; rejects if the connection breaks. */
export function sendRaw(
  baseUrl: string,
  method: string,
  path: string,
  type: string,
  body: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) };
    const sent = request(new URL(path, baseUrl), { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const json: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
