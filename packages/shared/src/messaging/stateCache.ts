// States of streams that the owner of a partition keeps in memory, and what a batch changes on top of them.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore, RecordedEvent } from '../eventstore/eventStore.ts';
import {
  headOf,
  loadStates,
  type Evolution,
  type StateSource,
  type VersionedState,
} from './loadStates.ts';

/**
 * Bounded by bytes, the longest unused one leaves first. It may only hold what is committed, and only while this
 * process owns the partitions: it is filled after a commit has returned, and dropped at every assignment, after every
 * failed transaction, and when another owner has moved a cursor. Were it filled earlier, a state that never came to be would decide the next message.
 */
export interface StateCache<State> {
  /** Rises with every `clear`: what was read before may be older than what is written now. */
  readonly generation: () => number;
  get(streamId: string): VersionedState<State> | undefined;
  set(streamId: string, entry: VersionedState<State>): void;
  clear(): void;
  /** Those that have grown by many events since their last snapshot. Each is given once: it counts as written then. */
  takeDue(): ReadonlyMap<string, VersionedState<State>>;
}

const DEFAULT_MAX_BYTES = 64 * 1_024 * 1_024;
/** What an entry takes beside its state: ids, hash, and the map's own. */
const ENTRY_BYTES = 400;
const STATE_BYTES = 1_024;
/** Events between two snapshots of a stream: what its next owner reads of it at most. */
const SNAPSHOT_EVENTS = 100;

/**
 * Makes a cache of at most `maxBytes`. Without `bytesOf`, each state counts as 1 KiB. A snapshot is due after
 * `snapshotEvents` events.
 */
export function createStateCache<State>(
  maxBytes = DEFAULT_MAX_BYTES,
  bytesOf: (state: State) => number = () => STATE_BYTES,
  snapshotEvents = SNAPSHOT_EVENTS,
): StateCache<State> {
  // A Map keeps the order of insertion: what is used is put back at its end.
  const entries = new Map<string, { entry: VersionedState<State>; bytes: number }>();
  let due = new Map<string, VersionedState<State>>();
  let generation = 0;
  let total = 0;
  const remove = (streamId: string): void => {
    total -= entries.get(streamId)?.bytes ?? 0;
    entries.delete(streamId);
  };
  const noteDue = (streamId: string, entry: VersionedState<State>): VersionedState<State> => {
    if (entry.version - entry.snapshotVersion < snapshotEvents) return entry;
    due.set(streamId, entry);
    return { ...entry, snapshotVersion: entry.version };
  };
  return {
    generation: () => generation,
    get(streamId) {
      const kept = entries.get(streamId);
      if (kept === undefined) return undefined;
      entries.delete(streamId);
      entries.set(streamId, kept);
      return kept.entry;
    },
    set(streamId, entry) {
      remove(streamId);
      const bytes = ENTRY_BYTES + bytesOf(entry.state);
      entries.set(streamId, { entry: noteDue(streamId, entry), bytes });
      total += bytes;
      for (const oldest of entries.keys()) {
        if (total <= maxBytes) break;
        remove(oldest);
      }
    },
    clear() {
      generation += 1;
      total = 0;
      entries.clear();
      due.clear();
    },
    takeDue() {
      const taken = due;
      due = new Map();
      return taken;
    },
  };
}

/**
 * Makes a cache that hears of every commit of this process: the next messages ask for just those streams, and an order
 * that was requested here is decided here a moment later. It takes what follows what it knows. Should another process
 * have written behind it meanwhile, the state is old, and the commit that is decided on it fails and forgets it.
 */
export function createFedCache<State, Event extends DomainEvent>(
  store: Pick<EventStore<Event>, 'onCommitted'>,
  { initialState, evolve, stateCodec }: Evolution<State, Event>,
  maxBytes?: number,
): StateCache<State> {
  const cache = createStateCache<State>(maxBytes, stateCodec?.bytesOf, stateCodec?.snapshotEvents);
  store.onCommitted((events) => {
    for (const recorded of events) {
      const { streamId, version, event } = recorded;
      const known = cache.get(streamId) ?? { state: initialState, version: 0, snapshotVersion: 0 };
      if (known.version !== version - 1) continue;
      const state = evolve(known.state, event);
      cache.set(streamId, { ...known, state, version, head: headOf(recorded) });
    }
  });
  return cache;
}

/** Where a decision begins in its stream. */
export type StreamStart = Pick<VersionedState<unknown>, 'version' | 'head'>;

/**
 * The streams as one batch sees them: the cache below, the log where that knows nothing, the batch's own events above.
 */
export class BatchStates<State, Event extends DomainEvent> {
  readonly #store: StateSource<Event>;
  readonly #evolution: Evolution<State, Event>;
  readonly #cache: StateCache<State>;
  readonly #openedIn: number;
  readonly #seen = new Map<string, VersionedState<State>>();

  constructor(
    store: StateSource<Event>,
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
    const loaded = await loadStates(this.#store, this.#evolution, unknown);
    for (const [streamId, entry] of loaded) this.#seen.set(streamId, entry);
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
      const { snapshotVersion } = before;
      const version = before.version + events.length;
      after.set(streamId, { state: this.#fold(before.state, events), version, snapshotVersion });
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
