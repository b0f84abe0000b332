// A message's data parsed by the contract of the topic that it came from.
import type { DataOf, SchemaVersions } from '../contracts/schemaVersions.ts';
import type { InboundMessage } from './envelope.ts';
import { requireKnownVersion } from './reaction.ts';

/** A contract: the types of a topic's messages with all their versions. */
type Contract = Readonly<Record<string, SchemaVersions<unknown>>>;

/** A contract's messages as a union, by their types. */
export type MessageOf<Schemas extends Contract> = {
  [Type in keyof Schemas & string]: { type: Type; data: DataOf<Schemas[Type]> };
}[keyof Schemas & string];

/**
 * Parses a message's data by its type, and takes it up to today's version; `undefined` for a type that the contract does
 * not have. Throws ZodError on wrong data (poison), and a retryable AppError on a newer schema version: a newer build will
 * read it.
 */
export function parseMessage<Schemas extends Contract>(
  schemas: Schemas,
  message: InboundMessage,
): MessageOf<Schemas> | undefined {
  const versions = Object.hasOwn(schemas, message.type) ? schemas[message.type] : undefined;
  if (versions === undefined) return undefined;
  requireKnownVersion(message, versions.current);
  const data = versions.parse(message.schemaVersion, message.data);
  // The versions were found by the type, so the pair is one of the union: TypeScript cannot follow a look-up by key.
  return { type: message.type, data } as MessageOf<Schemas>;
}
