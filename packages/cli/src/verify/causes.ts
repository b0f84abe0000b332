// What an event answers, whether it is what the rules give, and how reports name events and messages.
import { isDeepStrictEqual } from 'node:util';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import { parsePlace, type Place } from '@orderflow/shared/messaging/chain.ts';
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import { DATA_SERVICES, type DataService } from '../config.ts';
import type { RawEvent } from './rawEvents.ts';

/** Whose message an event answers. */
export interface Cause {
  readonly publisher: DataService;
  readonly place: Place;
}

/** What a message's id (`inventory/1.42.0`) names; undefined for the id of a request. */
export function causeIn(causationId: string): Cause | undefined {
  const slash = causationId.indexOf('/');
  const publisher = DATA_SERVICES.find((service) => service === causationId.slice(0, slash));
  if (publisher === undefined) return undefined;
  try {
    return { publisher, place: parsePlace(causationId.slice(slash + 1)) };
  } catch {
    return undefined;
  }
}

/** How reports name an event. */
export function nameOfEvent(service: DataService, event: RawEvent): string {
  const { position, streamId, version } = event;
  return `event ${position} of ${service} (${streamId} version ${version})`;
}

/** How reports name a message. */
export function nameOf({ id, type, key }: Pick<InboundMessage, 'id' | 'type' | 'key'>): string {
  return `message ${id} (${type}, key ${key})`;
}

/** When a message's event was decided, by its own words. */
export function timeOf(data: object | null): string {
  return data !== null && 'at' in data && typeof data.at === 'string' ? data.at : '';
}

/** Whether two events are the same. Their fields may be in another order where an earlier build has written one of them. */
export function isSame(expected: DomainEvent, event: DomainEvent, raw: RawEvent): boolean {
  if (expected.type !== event.type) return false;
  return JSON.stringify(expected.data) === raw.data || isDeepStrictEqual(expected.data, event.data);
}
