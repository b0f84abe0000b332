// States of streams as the log has them: from their snapshots where there are any, and the events after those.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore, RecordedEvent, Snapshot, StreamHead } from '../eventstore/eventStore.ts';

/** A stream's state and the version it stands at. */
export interface VersionedState<State> {
  readonly state: State;
  readonly version: number;
  /** The event at that version; left out while it is not committed, and where there is none. */
  readonly head?: StreamHead | undefined;
  /** The version that the stream's snapshot was made at; 0 if it has none. */
  readonly snapshotVersion: number;
}

/** How a state is kept in a snapshot. */
export interface StateCodec<State> {
  /** To be raised whenever `evolve` or the stored form changes: snapshots of another version are passed over. */
  readonly schemaVersion: number;
  /** The state as text. */
  readonly serialize: (state: State) => string;
  /** Throws if the text is no such state. */
  readonly parse: (text: string) => State;
  /** About how many bytes the state takes in memory. */
  readonly bytesOf: (state: State) => number;
  /** Events between two snapshots of a stream; 100 if it is left out. */
  readonly snapshotEvents?: number;
}

/** How states come from events: the two halves of a decider that do not decide, and how states are kept, if they are. */
export interface Evolution<State, Event extends DomainEvent> {
  readonly initialState: State;
  readonly evolve: (state: State, event: Event) => State;
  readonly stateCodec?: StateCodec<State> | undefined;
}

/** What is asked of the log. */
export type StateSource<Event extends DomainEvent> = Pick<
  EventStore<Event>,
  'readStreams' | 'readSnapshots'
>;

/** Events read at once: a stream of a million of them must not stand in memory as a whole. */
const PAGE_EVENTS = 5_000;

/** Reads the states of these streams, each of them once. Throws what reading and `evolve` throw. */
export async function loadStates<State, Event extends DomainEvent>(
  store: StateSource<Event>,
  evolution: Evolution<State, Event>,
  streamIds: readonly string[],
  pageEvents = PAGE_EVENTS,
): Promise<ReadonlyMap<string, VersionedState<State>>> {
  const states = await loadSnapshots(store, evolution, streamIds);
  let open = streamIds.toSorted();
  while (open.length > 0) {
    const after = new Map(open.map((id) => [id, states.get(id)?.version ?? 0]));
    const page = await store.readStreams(open, { after, limit: pageEvents });
    let count = 0;
    for (const [streamId, events] of page) {
      const before = states.get(streamId);
      if (before !== undefined) states.set(streamId, fold(evolution, before, events));
      count += events.length;
    }
    const last = [...page.keys()].at(-1);
    // A full page ends somewhere in its last stream; those before it, in the order of their ids, are complete.
    open = last === undefined || count < pageEvents ? [] : open.filter((id) => id >= last);
  }
  return states;
}

async function loadSnapshots<State, Event extends DomainEvent>(
  store: StateSource<Event>,
  { initialState, stateCodec }: Evolution<State, Event>,
  streamIds: readonly string[],
): Promise<Map<string, VersionedState<State>>> {
  const states = new Map<string, VersionedState<State>>(
    streamIds.map((id) => [id, { state: initialState, version: 0, snapshotVersion: 0 }]),
  );
  if (stateCodec === undefined) return states;
  const found = await store.readSnapshots(streamIds, stateCodec.schemaVersion);
  for (const [streamId, snapshot] of found) {
    const state = tryParse(stateCodec, snapshot);
    if (state !== undefined) states.set(streamId, state);
  }
  return states;
}

/** A snapshot that cannot be read is none: the events give the same state, and the next snapshot takes its place. */
function tryParse<State>(
  codec: StateCodec<State>,
  { state, ...head }: Snapshot,
): VersionedState<State> | undefined {
  try {
    const { version } = head;
    return { state: codec.parse(state), version, head, snapshotVersion: version };
  } catch {
    return undefined;
  }
}

function fold<State, Event extends DomainEvent>(
  { evolve }: Evolution<State, Event>,
  before: VersionedState<State>,
  events: readonly RecordedEvent<Event>[],
): VersionedState<State> {
  const state = events.reduce((folded, { event }) => evolve(folded, event), before.state);
  const head = headOf(events.at(-1)) ?? before.head;
  return { ...before, state, version: head?.version ?? 0, head };
}

/** Only what a head is: the event itself would be kept in memory with it. */
export function headOf(event: RecordedEvent<DomainEvent> | undefined): StreamHead | undefined {
  if (event === undefined) return undefined;
  const { version, hash, incarnation } = event;
  return { version, hash, incarnation };
}
