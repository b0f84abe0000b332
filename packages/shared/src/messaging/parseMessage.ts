// A message's data parsed by the contract of the topic that it came from.
import type { z } from 'zod';
import type { InboundMessage } from './envelope.ts';
import { requireKnownVersion } from './reaction.ts';

/** The one schema version of all messages today. */
const SCHEMA_VERSION = 1;

/** A contract's messages as a union, by their types. */
export type MessageOf<Schemas extends Readonly<Record<string, z.ZodType>>> = {
  [Type in keyof Schemas & string]: { type: Type; data: z.output<Schemas[Type]> };
}[keyof Schemas & string];

/**
 * Parses a message's data by its type; `undefined` for a type that the contract does not have. Throws ZodError on
 * wrong data (poison), and a retryable AppError on a newer schema version: a newer build will read it.
 */
export function parseMessage<Schemas extends Readonly<Record<string, z.ZodType>>>(
  schemas: Schemas,
  message: InboundMessage,
): MessageOf<Schemas> | undefined {
  const schema = Object.hasOwn(schemas, message.type) ? schemas[message.type] : undefined;
  if (schema === undefined) return undefined;
  requireKnownVersion(message, SCHEMA_VERSION);
  // The schema was found by the type, so the pair is one of the union: TypeScript cannot follow a look-up by key.
  return { type: message.type, data: schema.parse(message.data) } as MessageOf<Schemas>;
}
