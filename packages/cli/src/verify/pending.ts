// A message on its way to its effect, while the logs are read.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import { formatPlace, type Place } from '@orderflow/shared/messaging/chain.ts';
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import type { RowWitness } from './factRows.ts';
import type { Choices } from './services.ts';

/** A message as its consumer reads it. */
export interface OpenedMessage {
  /** Whether it can lead to events: others are facts for read models only. */
  readonly concernsStream: boolean;
  /** Folds it into the consumer's read models. With a `witness`, the rows that it touches can tell of it later. */
  readonly fold: (witness: RowWitness | undefined) => void;
  /** Notes what the consumer's read models would be behind it, while it waits. */
  readonly anticipate: (witness: RowWitness) => void;
  /** The events to which it leads now, with these choices; undefined if a stream is damaged, so that nobody can know. */
  readonly replay: (choices: Choices) => Promise<readonly DomainEvent[] | undefined>;
}

/** A message whose effect has not been met yet. */
export interface Pending {
  readonly message: InboundMessage;
  readonly partition: number;
  readonly opened: OpenedMessage;
  /** handled: the cursor has passed it; parked: it is kept aside; waiting: it is in flight. */
  readonly standing: 'handled' | 'parked' | 'waiting';
  /** What it leads to, from its first event on, and how many of these events have been met. */
  expected: readonly DomainEvent[] | undefined;
  met: number;
}

/** The messages of one link whose effects have not been met, by place, and under each key in order. */
export class PendingMessages {
  readonly #byPlace = new Map<string, Pending>();
  readonly #queues = new Map<string, Pending[]>();

  get size(): number {
    return this.#byPlace.size;
  }

  add(pending: Pending): void {
    const { place, key } = pending.message;
    this.#byPlace.set(formatPlace(place), pending);
    const queue = this.#queues.get(key) ?? [];
    if (queue.push(pending) === 1) this.#queues.set(key, queue);
  }

  find(place: Place): Pending | undefined {
    return this.#byPlace.get(formatPlace(place));
  }

  /** Takes out a message with all before it under its key, and gives the latter. */
  takeUpTo(pending: Pending): readonly Pending[] {
    const { key } = pending.message;
    const queue = this.#queues.get(key) ?? [];
    const taken = queue.splice(0, queue.indexOf(pending) + 1);
    if (queue.length === 0) this.#queues.delete(key);
    for (const { message } of taken) this.#byPlace.delete(formatPlace(message.place));
    return taken.slice(0, -1);
  }

  /** All of them. */
  *rest(): Generator<Pending> {
    for (const queue of this.#queues.values()) yield* queue;
  }
}
