// A service's events as stored JSON and back, from one zod schema per event type and schema version.
import type { z } from 'zod';
import { AppError } from '../runtime/appError.ts';
import type { DomainEvent } from './decider.ts';
import type { EventCodec } from './eventStore.ts';

type DataOf<Event extends DomainEvent, Type extends Event['type']> = Extract<
  Event,
  { readonly type: Type }
>['data'];

/**
 * Per event type: its schemas, oldest first, so that the schema version is the place in the list (1-based) and the
 * last one is what is written today. An older schema transforms what it parsed into today's data.
 */
export type EventSchemas<Event extends DomainEvent> = {
  readonly [Type in Event['type']]: readonly z.ZodType<DataOf<Event, Type>>[];
};

/**
 * The codec of a service's log. `parse` throws a retryable AppError 'newer_schema' on a type or version that this build
 * does not know: while services are upgraded one by one, a newer one may have written it, and whoever meets it here
 * waits. On wrong data it throws ZodError.
 */
export function createEventCodec<Event extends DomainEvent>(
  schemas: EventSchemas<Event>,
): EventCodec<Event> {
  const byType = new Map<string, readonly z.ZodType[]>(Object.entries(schemas));
  return {
    schemaVersionOf: (type) => byType.get(type)?.length ?? 0,
    parse(type, schemaVersion, data) {
      const schema = byType.get(type)?.[schemaVersion - 1];
      if (schema === undefined)
        throw new AppError(
          'newer_schema',
          `The log has an event ${type} in schema version ${schemaVersion}, which this build does not know: ` +
            'it was written by a newer one. Run that build, or a newer one.',
          { retryable: true },
        );
      // The schema of `type` gives the data of `type`: the map's own type says so, but cannot be carried through it.
      return { type, data: schema.parse(data) } as unknown as Event;
    },
  };
}
