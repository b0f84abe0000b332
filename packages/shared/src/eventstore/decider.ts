// The shape of every business decision: a pure decider over the state that its stream's events give.

/** A fact in the past tense. `data` is plain JSON; its `at` is the time in the command that caused it (ISO 8601, ms, UTC). */
export interface DomainEvent {
  readonly type: string;
  readonly data: { readonly at: string };
}

/** What `decide` gives: the events to append (perhaps none), or a named rejection that appends nothing. */
export type Decision<Event, Rejection = never> =
  | { readonly kind: 'events'; readonly events: readonly Event[] }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

/**
 * A stream's rules. Both functions are synchronous and pure: no clock, no randomness, no I/O; time and
 * ids come in the command. `evolve` is exhaustive over its events.
 */
export interface Decider<State, Command, Event extends DomainEvent, Rejection = never> {
  readonly initialState: State;
  readonly decide: (command: Command, state: State) => Decision<Event, Rejection>;
  readonly evolve: (state: State, event: Event) => State;
}

/** The decision that appends `events`. */
export function accept<Event>(...events: readonly Event[]): Decision<Event> {
  return { kind: 'events', events };
}

/** The decision that appends nothing and says why. */
export function reject<Rejection>(rejection: Rejection): Decision<never, Rejection> {
  return { kind: 'rejected', rejection };
}
