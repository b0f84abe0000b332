// How a service reacts to others' messages: parse, then decide on its own streams.
import type { DomainEvent } from '../eventstore/decider.ts';
import { AppError } from '../runtime/appError.ts';
import type { InboundMessage } from './envelope.ts';

/** Gives the state of a stream as the messages before this one in the batch leave it. */
export type LoadState<State> = (streamId: string) => Promise<State>;

/** What one message leads to in one stream. No events: the decision appends nothing, but its stream's version is asserted. */
export interface StreamDecision<Event extends DomainEvent> {
  readonly streamId: string;
  readonly events: readonly Event[];
}

/**
 * A service's inbound side. `Fact` are the others' events as this service reads them.
 * Anything that `parse` or `react` throws, except a retryable AppError, makes the message poison: it is parked with its key.
 */
export interface Reactions<State, Event extends DomainEvent, Fact extends DomainEvent> {
  /** Parses the message; `undefined` for a type that this service passes over. */
  parse(message: InboundMessage): Fact | undefined;
  /** The streams that `react` will ask for: those of a whole batch are read at once. Without it, one by one. */
  streamsOf?(fact: Fact): readonly string[];
  /** Decides. All of a message's decisions are kept, or none. May run more than once for a message: no side effects. */
  react(fact: Fact, load: LoadState<State>): Promise<readonly StreamDecision<Event>[]>;
  /**
   * Decides what giving up a parked message leads to, so that whoever waits for an answer gets one. The fact itself is not
   * folded into read models. Throws DropRefusal where nothing could stand in for the message; so does a service without it.
   */
  drop?(fact: Fact, load: LoadState<State>): Promise<readonly StreamDecision<Event>[]>;
}

/** A parked message cannot be given up; the text says why, and what to do. */
export class DropRefusal extends Error {}

/**
 * For `parse`: throws a retryable AppError 'newer_schema' when the message was written in a schema version that this
 * build does not know yet. It is no poison: a newer build will read it, and until then its partition waits.
 */
export function requireKnownVersion(message: InboundMessage, newestKnown: number): void {
  if (message.schemaVersion <= newestKnown) return;
  throw new AppError(
    'newer_schema',
    `${message.type} ${message.id} has schema version ${message.schemaVersion}, this build knows ${newestKnown}: ` +
      'its partition waits until a newer build runs here',
    { retryable: true },
  );
}
