// Others' messages as one service reads them: what they fold into its read models, and the events to which they lead.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import type { OpenedMessage } from './pending.ts';
import type { ReadModels } from './readModels.ts';
import type { AuditedService, Choices } from './services.ts';
import type { StreamStanding } from './streamBook.ts';

/** What reading messages needs. */
export interface InboxDeps<State, Command, Event extends DomainEvent, Fact extends DomainEvent> {
  readonly service: AuditedService<State, Command, Event, Fact>;
  readonly readModels: ReadModels<Event | Fact>;
  /** How a stream of the service stands now. */
  readonly standing: (streamId: string) => Promise<StreamStanding<{ readonly state: State }>>;
}

/** The messages that one service reads. */
export class Inbox<State, Command, Event extends DomainEvent, Fact extends DomainEvent> {
  readonly #deps: InboxDeps<State, Command, Event, Fact>;
  readonly #reactions;
  #choices: Choices | undefined;

  constructor(deps: InboxDeps<State, Command, Event, Fact>) {
    this.#deps = deps;
    this.#reactions = deps.service.reactions?.(() => {
      if (this.#choices === undefined) throw new Error('A replay has no choices');
      return this.#choices;
    });
  }

  /** A message as the service reads it; undefined for a type that it passes over. Throws if it cannot be read. */
  open(message: InboundMessage): OpenedMessage | undefined {
    const { readModels, standing } = this.#deps;
    const reactions = this.#reactions;
    const fact = reactions?.parse(message);
    if (reactions === undefined || fact === undefined) return undefined;
    return {
      concernsStream: (reactions.streamsOf?.(fact) ?? []).length > 0,
      fold: (witness) => {
        readModels.foldFact(fact, witness);
      },
      anticipate: (witness) => {
        readModels.anticipate(fact, witness);
      },
      replay: async (choices) => {
        this.#choices = choices;
        const asked: StreamStanding<unknown>[] = [];
        const decisions = await reactions.react(fact, async (streamId) => {
          const stands = await standing(streamId);
          asked.push(stands);
          return stands.folded.state;
        });
        if (asked.some(({ isBroken }) => isBroken)) return undefined;
        return decisions.flatMap(({ events }) => events);
      },
    };
  }
}
