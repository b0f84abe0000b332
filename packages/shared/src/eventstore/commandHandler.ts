// One command on one stream: load, fold, decide, append; and once more if another writer was faster.
import type { Decider, DomainEvent } from './decider.ts';
import {
  ConflictError,
  type EventMetadata,
  type EventStore,
  type RecordedEvent,
  type RowInsert,
  type Unit,
} from './eventStore.ts';

/** The command is decided again this often at most while others write its stream. */
const ATTEMPTS = 5;

/** Where a command's stream is read and its events go: `append` of the queue, or a store's own `commit`. */
export interface CommandLog<Event extends DomainEvent> {
  readonly readStreams: EventStore<Event>['readStreams'];
  readonly append: (unit: Unit<Event>) => Promise<readonly RecordedEvent<Event>[]>;
}

export interface HandleCommandOptions<State, Command, Event extends DomainEvent, Rejection> {
  readonly log: CommandLog<Event>;
  readonly decider: Decider<State, Command, Event, Rejection>;
  readonly streamId: string;
  readonly command: Command;
  readonly metadata: EventMetadata;
  /** Rows written with the events, if there are any. */
  readonly inserts?: readonly RowInsert[];
}

/** What became of a command. `events`: what it appended (none: it changed nothing); `state` is after them. */
export type CommandOutcome<State, Event extends DomainEvent, Rejection> =
  | {
      readonly kind: 'accepted';
      readonly state: State;
      readonly version: number;
      readonly events: readonly RecordedEvent<Event>[];
    }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

/**
 * Handles a command. Throws ConflictError 'unique' if an insert breaks a named constraint, 'version' if others were
 * faster five times in a row, and the AppErrors of the log.
 */
export async function handleCommand<State, Command, Event extends DomainEvent, Rejection>(
  options: HandleCommandOptions<State, Command, Event, Rejection>,
): Promise<CommandOutcome<State, Event, Rejection>> {
  const { log, decider, streamId, command, metadata, inserts = [] } = options;
  const fold = (state: State, events: readonly { readonly event: Event }[]): State =>
    events.reduce((folded, { event }) => decider.evolve(folded, event), state);
  for (let attempt = 1; ; attempt += 1) {
    const past = (await log.readStreams([streamId])).get(streamId) ?? [];
    const state = fold(decider.initialState, past);
    const decision = decider.decide(command, state);
    if (decision.kind === 'rejected') return decision;
    const version = past.length;
    if (decision.events.length === 0) return { kind: 'accepted', state, version, events: [] };
    const appended = decision.events.map((event) => ({ event, metadata }));
    try {
      const streams = [{ streamId, expectedVersion: version, events: appended }];
      const events = await log.append({ streams, inserts });
      return {
        kind: 'accepted',
        state: fold(state, events),
        version: version + events.length,
        events,
      };
    } catch (error) {
      const outrun = error instanceof ConflictError && error.kind === 'version';
      if (!outrun || attempt === ATTEMPTS) throw error;
    }
  }
}
