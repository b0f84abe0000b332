// A service's schema: it outlives the processes that meet in it, can be out of reach, and can be brought back to an earlier state.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type {
  CommitListener,
  EventCodec,
  RecordedEvent,
  Redrive,
  Wish,
} from '@orderflow/shared/eventstore/eventStore.ts';
import {
  createMemoryDatabase,
  createMemoryEventStore,
  type Contents,
  type MemoryDatabase,
  type MemoryEventStore,
} from '@orderflow/shared/eventstore/memoryEventStore.ts';
import type { UniqueKey } from '@orderflow/shared/eventstore/memoryTables.ts';
import type { Projection, ReadModelTable } from '@orderflow/shared/eventstore/projection.ts';
import {
  createMemoryRelayTable,
  type MemoryRelayTable,
} from '@orderflow/shared/messaging/memoryRelayPositions.ts';
import { comparePlaces, START, type Place } from '@orderflow/shared/messaging/chain.ts';
import { UNREADABLE_KEY } from '@orderflow/shared/messaging/openBatch.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import type { Server } from './world.ts';

/** What of a service stands in its schema. */
export interface StoredParts<Event extends DomainEvent, Fact extends DomainEvent> {
  readonly codec: EventCodec<Event>;
  readonly projections: readonly Projection<Event | Fact>[];
  readonly tables?: readonly ReadModelTable[];
  readonly uniqueKeys?: readonly UniqueKey[];
}

/** A parked message that has left. */
export interface Departure {
  readonly topic: string;
  readonly key: string;
  readonly place: Place;
  readonly wish: Wish;
  /** It left before one of its key that stood in front of it. */
  readonly overtook: boolean;
}

/** The schema after one of its commits. */
interface Backup<Event extends DomainEvent> {
  readonly contents: Contents<Event>;
  readonly departures: readonly Departure[];
  readonly relay: MemoryRelayTable | undefined;
}

/** Which places were lost: those behind `kept`, up to the end of `incarnation`. */
interface Forgotten {
  readonly kept: Place;
  readonly incarnation: number;
}

/** Behind all parts of an event. */
const LAST_PART = Number.MAX_SAFE_INTEGER;

/** The changes of read models that a commit has made. */
type Changes = Parameters<CommitListener<DomainEvent>>[1];

/** One service's schema. */
export class SimDatabase<Event extends DomainEvent, Fact extends DomainEvent> implements Server {
  readonly parts: StoredParts<Event, Fact>;
  readonly memory: MemoryDatabase<Event> = createMemoryDatabase<Event>();
  /** Answers at once, and knows of no process: those are given it through `openStore`. */
  readonly store: MemoryEventStore<Event, Fact>;
  /** Topic → recorded partition count. */
  readonly topics = new Map<string, number>();
  readonly counters = new Map<string, number>();
  awayUntil = 0;
  life = 1;
  #relay: MemoryRelayTable | undefined;
  readonly #changes = new WeakMap<readonly RecordedEvent<Event>[], Changes>();
  readonly #backups: Backup<Event>[] = [];
  readonly #forgotten: Forgotten[] = [];
  #departures: readonly Departure[] = [];
  readonly #committedAt = new Map<number, number>();

  /** `now`: milliseconds since the run began. */
  constructor(parts: StoredParts<Event, Fact>, now: () => number) {
    this.parts = parts;
    const { memory: database } = this;
    const store = createMemoryEventStore<Event, Fact>({
      ...parts,
      database,
      turn: () => Promise.resolve(),
    });
    store.onCommitted((events, changes) => {
      this.#changes.set(events, changes);
      for (const { position } of events) this.#committedAt.set(position, now());
    });
    this.store = {
      ...store,
      commit: async (units) => {
        const recorded = await store.commit(units);
        for (const { redrive } of units) if (redrive !== undefined) this.#noteDepartures(redrive);
        if (recorded.length > 0) this.#backUp();
        return recorded;
      },
    };
  }

  /** The parked messages that have left, in the order in which they did. */
  get departures(): readonly Departure[] {
    return this.#departures;
  }

  #noteDepartures({ key: { topic, key }, wish, removed }: Redrive): void {
    const left = this.memory.contents.parked.filter(
      (row) => row.topic === topic && row.key === key,
    );
    const departed = removed.map((place): Departure => {
      const overtook =
        key !== UNREADABLE_KEY && left.some((row) => comparePlaces(row.place, place) < 0);
      return { topic, key, place, wish, overtook };
    });
    this.#departures = [...this.#departures, ...departed];
  }

  #backUp(): void {
    const { contents } = this.memory;
    this.#backups.push({ contents, departures: this.#departures, relay: copyOf(this.#relay) });
  }

  readonly unavailable = (): Error =>
    new AppError('database_unavailable', 'The database is away', { retryable: true });

  /** The rows that a commit has changed; it is known by the events that it has given. */
  changesOf(recorded: readonly RecordedEvent<Event>[]): Changes {
    return this.#changes.get(recorded) ?? [];
  }

  get wasRestored(): boolean {
    return this.#forgotten.length > 0;
  }

  /** True if the log once had something at this place, perhaps, and has lost it. */
  hasForgotten(place: Place): boolean {
    return this.#forgotten.some(
      ({ kept, incarnation }) => comparePlaces(place, kept) > 0 && place.incarnation <= incarnation,
    );
  }

  /** When the event at this position was committed. */
  committedAt(position: number): number {
    return this.#committedAt.get(position) ?? 0;
  }

  /** The relay's lease and cursors. A service publishes one topic. */
  relayTable(partitionCount: number): MemoryRelayTable {
    return (this.#relay ??= createMemoryRelayTable(partitionCount));
  }

  /** Ids from a counter: the first of `count`. */
  takeIds(counter: string, count: number): number {
    const last = this.counters.get(counter) ?? 0;
    this.counters.set(counter, last + count);
    return last + 1;
  }

  /** Backups there are: one for each commit of events. */
  get backups(): number {
    return this.#backups.length;
  }

  /**
   * Brings the schema back to backup `index`, under a higher incarnation (`raised`; left out only by a planted bug). Ids
   * are not given again. Whoever works on it must have ended.
   */
  restore(index: number, raised = true): void {
    const backup = this.#backups[index];
    if (backup === undefined) return;
    this.life += 1;
    const { incarnation } = this.memory.contents;
    const last = backup.contents.log.at(-1)?.recorded ?? START;
    const kept = { incarnation: last.incarnation, position: last.position, part: LAST_PART };
    this.#forgotten.push({ kept, incarnation });
    this.memory.contents = { ...backup.contents, incarnation: incarnation + (raised ? 1 : 0) };
    this.#departures = backup.departures;
    if (backup.relay !== undefined) this.#relay = backup.relay;
    this.#backups.length = index;
  }
}

function copyOf(table: MemoryRelayTable | undefined): MemoryRelayTable | undefined {
  return table === undefined ? undefined : { ...table };
}
