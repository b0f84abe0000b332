// How a service reacts to others' messages: parse, then decide on its own streams.
import type { DomainEvent } from '../eventstore/decider.ts';
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
  /** Decides. All of a message's decisions are kept, or none. */
  react(fact: Fact, load: LoadState<State>): Promise<readonly StreamDecision<Event>[]>;
}
