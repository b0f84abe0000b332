// States of streams that the owner of a partition keeps in memory, and what a batch changes on top of them.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore, RecordedEvent, StreamHead } from '../eventstore/eventStore.ts';

/** A stream's state and the version it stands at. */
export interface VersionedState<State> {
  readonly state: State;
  readonly version: number;
  /** The event at that version; left out while it is not committed, and where there is none. */
  readonly head?: StreamHead | undefined;
}

/** How states come from events: the two halves of a decider that do not decide. */
export interface Evolution<State, Event extends DomainEvent> {
  readonly initialState: State;
  readonly evolve: (state: State, event: Event) => State;
}

/**
 * Bounded by entries, the longest unused one leaves first. It may only hold what is committed, and only while this
 * process owns the partitions: it is filled after a commit has returned, and dropped at every assignment, after every
 * failed transaction, and when another owner has moved a cursor. Were it filled earlier, a state that never came to be would decide the next message.
 */
export interface StateCache<State> {
  /** Rises with every `clear`: what was read before may be older than what is written now. */
  readonly generation: () => number;
  get(streamId: string): VersionedState<State> | undefined;
  set(streamId: string, entry: VersionedState<State>): void;
  clear(): void;
}

/** Makes a cache of at most `maxEntries` states. */
export function createStateCache<State>(maxEntries: number): StateCache<State> {
  // A Map keeps the order of insertion: what is used is put back at its end.
  const entries = new Map<string, VersionedState<State>>();
  let generation = 0;
  return {
    generation: () => generation,
    get(streamId) {
      const entry = entries.get(streamId);
      if (entry === undefined) return undefined;
      entries.delete(streamId);
      entries.set(streamId, entry);
      return entry;
    },
    set(streamId, entry) {
      entries.delete(streamId);
      entries.set(streamId, entry);
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries) break;
        entries.delete(oldest);
      }
    },
    clear() {
      generation += 1;
      entries.clear();
    },
  };
}

/** Where a decision begins in its stream. */
export type StreamStart = Pick<VersionedState<unknown>, 'version' | 'head'>;

/** Only what a head is: the event itself would be kept in memory with it. */
function headOf(event: RecordedEvent<DomainEvent> | undefined): StreamHead | undefined {
  if (event === undefined) return undefined;
  const { version, hash, incarnation } = event;
  return { version, hash, incarnation };
}

/**
 * The streams as one batch sees them: the cache below, the log where that knows nothing, the batch's own events above.
 */
export class BatchStates<State, Event extends DomainEvent> {
  readonly #store: Pick<EventStore<Event>, 'readStreams'>;
  readonly #evolution: Evolution<State, Event>;
  readonly #cache: StateCache<State>;
  readonly #openedIn: number;
  readonly #seen = new Map<string, VersionedState<State>>();

  constructor(
    store: Pick<EventStore<Event>, 'readStreams'>,
    evolution: Evolution<State, Event>,
    cache: StateCache<State>,
  ) {
    this.#store = store;
    this.#evolution = evolution;
    this.#cache = cache;
    this.#openedIn = cache.generation();
  }

  /** Reads those that are not known yet, all at once. */
  async prefetch(streamIds: Iterable<string>): Promise<void> {
    const unknown = [...new Set(streamIds)].filter((streamId) => !this.#knows(streamId));
    if (unknown.length === 0) return;
    const streams = await this.#store.readStreams(unknown);
    for (const streamId of unknown) {
      const events = streams.get(streamId) ?? [];
      const state = this.#fold(
        this.#evolution.initialState,
        events.map(({ event }) => event),
      );
      const head = headOf(events.at(-1));
      this.#seen.set(streamId, { state, version: head?.version ?? 0, head });
    }
  }

  async read(streamId: string): Promise<VersionedState<State>> {
    await this.prefetch([streamId]);
    return this.#get(streamId);
  }

  /**
   * Puts a message's decisions on top of streams that were read; they count from the next message on. Gives where each
   * decision begins. All or, if `evolve` throws, nothing: the message is parked then, and the next one
   * must not be decided on what never came to be.
   */
  applyAll(
    decisions: readonly { readonly streamId: string; readonly events: readonly Event[] }[],
  ): readonly StreamStart[] {
    const after = new Map<string, VersionedState<State>>();
    const starts = decisions.map(({ streamId, events }) => {
      const before = after.get(streamId) ?? this.#get(streamId);
      if (events.length === 0) return before;
      const version = before.version + events.length;
      after.set(streamId, { state: this.#fold(before.state, events), version });
      return before;
    });
    for (const [streamId, entry] of after) this.#seen.set(streamId, entry);
    return starts;
  }

  /**
   * To be called after the commit, with what it recorded: hands all states to the cache. Streams without events are not kept: they may begin
   * anywhere, and a name that nobody ever uses again would push out one that is used.
   */
  publish(recorded: readonly RecordedEvent<Event>[]): void {
    // An assignment came while the commit was under way: another owner may have written to these streams since.
    if (this.#cache.generation() !== this.#openedIn) return;
    const heads = new Map(recorded.map((event) => [event.streamId, headOf(event)]));
    for (const [streamId, entry] of this.#seen) {
      const head = heads.get(streamId) ?? entry.head;
      if (entry.version > 0) this.#cache.set(streamId, { ...entry, head });
    }
  }

  #knows(streamId: string): boolean {
    if (this.#seen.has(streamId)) return true;
    const entry = this.#cache.get(streamId);
    if (entry !== undefined) this.#seen.set(streamId, entry);
    return entry !== undefined;
  }

  #get(streamId: string): VersionedState<State> {
    const entry = this.#seen.get(streamId);
    if (entry === undefined) throw new Error(`Stream ${streamId} was not read`);
    return entry;
  }

  #fold(state: State, events: readonly Event[]): State {
    return events.reduce<State>((before, event) => this.#evolution.evolve(before, event), state);
  }
}
