// One message on the wire: a CloudEvent in structured mode (CloudEvents 1.0.2, JSON format), with the chain's two places.
import { z } from 'zod';
import { formatPlace, parsePlace, type Place } from './chain.ts';

/** The one header of every record (CloudEvents Kafka binding 1.0.2, section 3.3). */
export const CONTENT_TYPE = 'application/cloudevents+json; charset=UTF-8';

/** An event's data grown into a message, before its place in a partition is known. */
export interface OutboundMessage {
  /** What the partition is computed from. */
  readonly key: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: { readonly at: string };
}

/** A message as a consumer sees it: the envelope parsed, the data not yet. */
export interface InboundMessage {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly key: string;
  readonly place: Place;
  readonly prev: Place;
  readonly correlationId: string;
  readonly traceparent?: string;
  readonly data: unknown;
}

/** Without transforms: zod has a quick way through such a schema, and three of these are parsed for each order. */
const envelopeSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
  time: z.string(),
  dataversion: z.int().min(1),
  partitionkey: z.string(),
  place: z.string(),
  prevplace: z.string(),
  correlationid: z.string(),
  causationid: z.string(),
  traceparent: z.string().optional(),
  data: z.unknown(),
});

/**
 * The record's value for a message. Extension attributes are lower case (CloudEvents 1.0.2, section 3.1).
 * `source` is the publishing service; the id is source and place, so a resend carries the same one.
 */
export function serializeEnvelope(
  source: string,
  message: OutboundMessage,
  chain: { readonly place: Place; readonly prev: Place },
  cause: {
    readonly correlationId: string;
    readonly causationId: string;
    readonly traceparent?: string;
  },
): string {
  const own = formatPlace(chain.place);
  return JSON.stringify({
    specversion: '1.0',
    id: `${source}/${own}`,
    source,
    type: message.type,
    time: message.data.at,
    datacontenttype: 'application/json',
    dataversion: message.schemaVersion,
    partitionkey: message.key,
    place: own,
    prevplace: formatPlace(chain.prev),
    correlationid: cause.correlationId,
    causationid: cause.causationId,
    traceparent: cause.traceparent,
    data: message.data,
  });
}

/** Parses a record's value. Throws when it is no such envelope: the message is poison. */
export function parseEnvelope(value: string): InboundMessage {
  const parsed = envelopeSchema.parse(JSON.parse(value));
  return {
    id: parsed.id,
    source: parsed.source,
    type: parsed.type,
    schemaVersion: parsed.dataversion,
    key: parsed.partitionkey,
    place: parsePlace(parsed.place),
    prev: parsePlace(parsed.prevplace),
    correlationId: parsed.correlationid,
    ...(parsed.traceparent === undefined ? {} : { traceparent: parsed.traceparent }),
    data: parsed.data,
  };
}
