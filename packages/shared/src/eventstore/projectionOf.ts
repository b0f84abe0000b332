// A read model sees every event of its service, its own and others': this lets through those that it folds.
import type { DomainEvent } from './decider.ts';
import type { Projection } from './projection.ts';

/**
 * Lets only the events of these types through to the projection. `types` is a record with all of them as its keys, so
 * that the compiler misses a new one (a contract's schemas are such a record).
 */
export function projectionOf<Event extends DomainEvent>(
  types: Readonly<Record<Event['type'], unknown>>,
  projection: Projection<Event>,
): Projection<DomainEvent> {
  const isFolded = (event: DomainEvent): event is Event => Object.hasOwn(types, event.type);
  return {
    name: projection.name,
    tables: projection.tables,
    rowsOf: (event) => (isFolded(event) ? projection.rowsOf(event) : []),
    apply(event, rows) {
      if (isFolded(event)) projection.apply(event, rows);
    },
  };
}
