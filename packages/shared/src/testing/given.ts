// Given these events, when this command comes, then these events follow: how the tests of deciders read.
import type { Decider, Decision, DomainEvent } from '../eventstore/decider.ts';

/** What a command led to. */
export interface Outcome<Event, Rejection> {
  /** Expects exactly these events, in order (none: that the command changes nothing). */
  then(...expected: readonly Event[]): void;
  /** Expects that the command is turned down for this reason. */
  thenRejected(expected: Rejection): void;
}

/** Starts a scenario from a stream's past. Uses jest's `expect`, so it is for tests only. */
export function given<State, Command, Event extends DomainEvent, Rejection>(
  decider: Decider<State, Command, Event, Rejection>,
  ...past: readonly NoInfer<Event>[]
): { when(command: Command): Outcome<Event, Rejection> } {
  return {
    when(command) {
      const decision = decider.decide(command, replay(decider, past));
      return {
        then: (...expected) => {
          expect(decision).toEqual({ kind: 'events', events: expected });
        },
        thenRejected: (expected) => {
          expect(decision).toEqual({ kind: 'rejected', rejection: expected });
        },
      };
    },
  };
}

/** The state that a stream's events give, folded from nothing. */
export function replay<State, Command, Event extends DomainEvent, Rejection>(
  decider: Decider<State, Command, Event, Rejection>,
  events: readonly Event[],
): State {
  return events.reduce((state, event) => decider.evolve(state, event), decider.initialState);
}

/** The events of a decision; none if it was turned down. */
export function eventsOf<Event>(decision: Decision<Event, unknown>): readonly Event[] {
  return decision.kind === 'events' ? decision.events : [];
}
