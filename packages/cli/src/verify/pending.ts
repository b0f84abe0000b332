// A message on its way to its effect, while the logs are read.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import type { Choices } from './services.ts';

/** A message as its consumer reads it. */
export interface OpenedMessage {
  /** Whether it can lead to events: others are facts for read models only. */
  readonly concernsStream: boolean;
  /** Folds it into the consumer's read models. */
  readonly fold: () => void;
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
