// Where a bug can be planted: in what a service is given, never in the service itself.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { EventStore } from '@orderflow/shared/eventstore/eventStore.ts';
import type { RelayPositions } from '@orderflow/shared/messaging/relayPositions.ts';
import type { MessageBroker } from '@orderflow/shared/messaging/transport.ts';
import type { SimDatabase } from './database.ts';
import type { SimKafka } from './kafka.ts';
import type { SimProcess, World } from './world.ts';

/** The process in which a bug is planted. */
export interface Ground<Event extends DomainEvent, Fact extends DomainEvent> {
  readonly world: World;
  readonly process: SimProcess;
  readonly database: SimDatabase<Event, Fact>;
  readonly kafka: SimKafka;
}

/** Makes a store of another. */
export type StoreBug = <Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
  ground: Ground<Event, Fact>,
) => EventStore<Event, Fact>;

/** What a bug makes of the things that every process is given; what it leaves out stays as it is. */
export interface PlantedBug {
  /** What its statements do in the schema, at the moment at which they do it. */
  readonly schema?: StoreBug;
  /** How the process uses its store, with the time that each call takes. */
  readonly store?: StoreBug;
  /** What happens to the relay's lease and cursors in the schema. */
  readonly positions?: (positions: RelayPositions) => RelayPositions;
  readonly broker?: (broker: MessageBroker, world: World) => MessageBroker;
  /** A restored schema keeps its incarnation. */
  readonly keepsIncarnation?: boolean;
}

/** A planted bug that must be found by what it breaks. */
export interface WantedBug extends PlantedBug {
  /** What a breach says that shows this bug. A run that fails otherwise, or never comes to rest, has not found it. */
  readonly caughtBy: RegExp;
}

/** No bug at all. */
export const SOUND: PlantedBug = {};
