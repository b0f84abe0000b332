// What a traced process notes, see bench/probe/stamps.ts.
import { z } from 'zod';

const stampSchema = z.object({
  /** Of the monotonic clock that all processes of a machine share. */
  atMs: z.number(),
  /**
   * An HTTP request came in or was answered; bytes went out of or came into a socket; a send to Kafka begins; records came
   * from Kafka.
   */
  what: z.enum(['request', 'answer', 'write', 'read', 'produce', 'fetched']),
  /** Of the socket, for 'write' and 'read'. */
  remotePort: z.int().optional(),
  localPort: z.int().optional(),
});

/** One moment in one process. */
export type Stamp = z.output<typeof stampSchema>;

/** Reads stamps from their JSON. Throws when they are none. */
export function parseStamps(json: string): Stamp[] {
  return z.array(stampSchema).parse(JSON.parse(json));
}
