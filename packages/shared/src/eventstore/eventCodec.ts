// A service's events as stored JSON and back, from the schema versions of each event type.
import type { SchemaVersions } from '../contracts/schemaVersions.ts';
import { AppError } from '../runtime/appError.ts';
import type { DomainEvent } from './decider.ts';
import type { EventCodec } from './eventStore.ts';

type DataOf<Event extends DomainEvent, Type extends Event['type']> = Extract<
  Event,
  { readonly type: Type }
>['data'];

/** Per event type all its versions; the last one gives today's data. */
export type EventSchemas<Event extends DomainEvent> = {
  readonly [Type in Event['type']]: SchemaVersions<DataOf<Event, Type>>;
};

/**
 * The codec of a service's log. `parse` throws a retryable AppError 'newer_schema' on a type or version that this build
 * does not know: while services are upgraded one by one, a newer one may have written it, and whoever meets it here
 * waits. On wrong data it throws ZodError.
 */
export function createEventCodec<Event extends DomainEvent>(
  schemas: EventSchemas<Event>,
): EventCodec<Event> {
  const byType = new Map<string, SchemaVersions<unknown>>(Object.entries(schemas));
  return {
    schemaVersionOf: (type) => byType.get(type)?.current ?? 0,
    parse(type, schemaVersion, data) {
      const versions = byType.get(type);
      if (versions?.has(schemaVersion) !== true)
        throw new AppError(
          'newer_schema',
          `The log has an event ${type} in schema version ${schemaVersion}, which this build does not know: ` +
            'it was written by a newer one. Run that build, or a newer one.',
          { retryable: true },
        );
      // The versions of `type` give the data of `type`: the map's own type says so, but cannot be carried through it.
      return { type, data: versions.parse(schemaVersion, data) } as unknown as Event;
    },
  };
}
