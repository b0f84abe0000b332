// Why an event came about, when it was a request that caused it.
import type { IncomingMessage } from 'node:http';
import type { EventMetadata } from '../eventstore/eventStore.ts';
import { contextOf } from './requestContext.ts';

/** The metadata of the events that a request causes. */
export function metadataOf(request: IncomingMessage): EventMetadata {
  const { correlationId, traceparent } = contextOf(request);
  return {
    correlationId,
    causationId: correlationId,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
