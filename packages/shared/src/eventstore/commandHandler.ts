// One command on one stream: load, fold, decide, append; and once more if another writer was faster.
import { AppError } from '../runtime/appError.ts';
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
/** The longest pause before the second attempt; it grows with each. */
const PAUSE_MS = 10;

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

/** What became of a command. `events`: what it appended (none: it changed nothing). */
export type CommandOutcome<Event extends DomainEvent, Rejection> =
  | { readonly kind: 'accepted'; readonly events: readonly RecordedEvent<Event>[] }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

/**
 * Handles a command. Throws ConflictError 'unique' if an insert breaks a named constraint, the retryable AppError
 * 'stream_busy' if others were faster five times in a row, and the AppErrors of the log.
 */
export async function handleCommand<State, Command, Event extends DomainEvent, Rejection>(
  options: HandleCommandOptions<State, Command, Event, Rejection>,
): Promise<CommandOutcome<Event, Rejection>> {
  const { log, decider, streamId, command, metadata, inserts = [] } = options;
  for (let attempt = 1; ; attempt += 1) {
    const past = (await log.readStreams([streamId])).get(streamId) ?? [];
    const state = past.reduce(
      (folded, { event }) => decider.evolve(folded, event),
      decider.initialState,
    );
    const decision = decider.decide(command, state);
    if (decision.kind === 'rejected') return decision;
    if (decision.events.length === 0) return { kind: 'accepted', events: [] };
    const events = decision.events.map((event) => ({ event, metadata }));
    try {
      const streams = [{ streamId, expectedVersion: past.length, head: past.at(-1), events }];
      return { kind: 'accepted', events: await log.append({ streams, inserts }) };
    } catch (error) {
      if (!(error instanceof ConflictError) || error.kind !== 'version') throw error;
      if (attempt === ATTEMPTS) throw streamBusy(streamId, error);
    }
    // By chance, or those who met at this version would meet again at the next.
    const pauseMs = PAUSE_MS * attempt * Math.random();
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function streamBusy(streamId: string, cause: unknown): AppError {
  const message = `Others have written ${streamId} at the same moment ${ATTEMPTS} times, try again`;
  return new AppError('stream_busy', message, { retryable: true, cause });
}
