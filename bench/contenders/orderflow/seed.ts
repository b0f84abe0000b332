// Makes users and products through Orderflow's own API.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { createClient } from '../../../tests/stack/client.ts';

const CONNECTIONS = 64;
const created = z.object({ resp: z.object({ id: z.int() }) });

/** Posts `count` bodies, each made from a name that is used once, and gives the ids in the answers. Rejects when one is refused. */
export async function seedThrough(
  address: { readonly host: string; readonly port: number },
  path: string,
  count: number,
  bodyOf: (name: string) => unknown,
): Promise<number[]> {
  const client = createClient(`http://${address.host}:${address.port}`, CONNECTIONS);
  const ids: number[] = [];
  let left = count;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await client.call('POST', path, bodyOf(randomUUID()));
      if (answer.status !== 200) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
      ids.push(created.parse(answer.json).resp.id);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
  } finally {
    client.close();
  }
  return ids.sort((a, b) => a - b);
}
