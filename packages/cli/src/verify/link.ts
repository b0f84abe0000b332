// What one service hears from another: each message that its cursor has passed must have had its effect, once, in order.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import {
  comparePlaces,
  formatPlace,
  START,
  type Place,
} from '@orderflow/shared/messaging/chain.ts';
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import type { DataService } from '../config.ts';
import type { Findings } from './findings.ts';
import { nameOf, timeOf } from './causes.ts';
import { cursorName, MissingEffects } from './missingEffects.ts';
import { MovedBack } from './movedBack.ts';
import { PendingMessages, type OpenedMessage, type Pending } from './pending.ts';
import type { ParkedBook } from './parkedBook.ts';
import type { RowWitness } from './factRows.ts';
import type { Choices } from './services.ts';

/** What a link is made of. */
export interface LinkDeps {
  readonly publisher: DataService;
  readonly consumer: DataService;
  /** With its prefix. */
  readonly topic: string;
  /** By partition: the message handled last. */
  readonly cursors: ReadonlyMap<number, Place>;
  /** What the consumer has put aside. */
  readonly parked: ParkedBook;
  /** Gives undefined for a message that the consumer passes over. Throws if it cannot be read. */
  readonly open: (message: InboundMessage) => OpenedMessage | undefined;
  /** The message at a place before those that are looked at; undefined if there is none. */
  readonly lookUp: (place: Place) => Promise<InboundMessage | undefined>;
  readonly partitionOf: (key: string) => number;
  /** Told of each message that was not handled, and of each whose missing effect is told here. */
  readonly onUnanswered: (message: InboundMessage) => void;
  readonly findings: Findings;
  /** Messages followed at a time; PENDING_LIMIT if it is left out. */
  readonly limit?: number;
}

/** A damaged log makes more wait, and so may a backlog of orders with many lines: what is beyond is told as not compared. */
const PENDING_LIMIT = 400_000;

const ANY_CHOICE = { cartLineId: 1, cartLineUuid: '00000000-0000-4000-8000-000000000000' };

/** One topic as one consumer reads it. */
export class Link {
  readonly #deps: LinkDeps;
  readonly #pending = new PendingMessages();
  /** By message key: the message answered last. */
  readonly #answered = new Map<string, Pending>();
  readonly #missing: MissingEffects;
  readonly #movedBack: MovedBack;
  inFlight = 0;
  /** Messages whose effect was not waited for, since too many others were. One that is answered is read again. */
  unfollowed = 0;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    this.#missing = new MissingEffects(deps);
    this.#movedBack = new MovedBack(deps);
  }

  /** The publisher has this message, in the order of its log; `value` is its record's. */
  send(message: InboundMessage, partition: number, value: () => string): void {
    const { findings, parked } = this.#deps;
    const isParked = parked.take(message, partition, value);
    const standing = isParked
      ? 'parked'
      : this.#isPassed(message, partition)
        ? 'handled'
        : 'waiting';
    if (standing === 'waiting') this.inFlight += 1;
    if (isParked && !this.#isPassed(message, partition))
      this.#movedBack.note(partition, message.place, `${nameOf(message)} is parked`);
    if (standing === 'handled') parked.requireInOrder(message);
    else this.#deps.onUnanswered(message);
    let opened: OpenedMessage | undefined;
    try {
      opened = this.#deps.open(message);
    } catch (error) {
      if (standing !== 'handled') return;
      const cursor = this.#cursorName(partition);
      const what = `was passed over by ${cursor}, but it cannot be read: ${String(error)}`;
      findings.breach('P8', `${nameOf(message)} ${what}`);
      this.#deps.onUnanswered(message);
      return;
    }
    if (standing === 'handled') {
      findings.checked('P8');
      opened?.fold(opened.concernsStream ? undefined : this.#witnessOf(message, partition));
    } else if (standing === 'waiting') opened?.anticipate(this.#witnessOf(message, partition));
    if (opened?.concernsStream !== true) return;
    if (this.#pending.size >= (this.#deps.limit ?? PENDING_LIMIT)) {
      this.unfollowed += 1;
      this.#deps.onUnanswered(message);
      return;
    }
    this.#pending.add({ message, partition, opened, standing, expected: undefined, met: 0 });
  }

  /**
   * An event of the consumer answers the message at `place`: gives what the rules say of it. `undefined` when there is
   * nothing to compare with; why, was told. Without `choicesFor` the event's stream is damaged there: it counts as the
   * message's effect, and no more can be said.
   */
  async answer(
    place: Place,
    eventName: string,
    choicesFor: ((messageKey: string) => Choices) | undefined,
  ): Promise<DomainEvent | undefined> {
    const pending = await this.#claim(place, eventName);
    if (pending === undefined || choicesFor === undefined) return undefined;
    const { message } = pending;
    pending.expected ??= await pending.opened.replay(choicesFor(message.key));
    if (pending.expected === undefined) return undefined;
    pending.met += 1;
    const expected = pending.expected[pending.met - 1];
    if (expected !== undefined) return expected;
    const { findings } = this.#deps;
    if (pending.met === 1)
      findings.breach(
        'P5',
        `${eventName} answers ${nameOf(message)}, which by the rules leads to nothing there`,
      );
    else
      findings.breach(
        'P8',
        `${eventName} answers ${nameOf(message)} once more: it had its effect already`,
      );
    return undefined;
  }

  /** All logs were read: messages that the cursors have passed must have had their effects now. */
  async close(): Promise<void> {
    this.#deps.parked.close();
    for (const pending of this.#pending.rest()) await this.#passOver(pending);
    for (const pending of this.#answered.values()) this.#requireWhole(pending);
    this.#missing.tell();
  }

  /** True if a cursor contradicts the logs: what the consumer made of others' messages cannot be compared then. */
  isDoubtful(): boolean {
    return this.#movedBack.some() || this.#missing.someAtEnd();
  }

  /** Tells the cursors that were moved back. After the read models were compared, since rows are evidence as well. */
  tellMovedBack(): void {
    this.#movedBack.tell();
  }

  async #claim(place: Place, eventName: string): Promise<Pending | undefined> {
    const { findings, publisher } = this.#deps;
    const pending = this.#pending.find(place) ?? (await this.#lookUp(place));
    if (pending === undefined) {
      findings.breach(
        'P8',
        `${eventName} answers ${publisher}/${formatPlace(place)}, which is not in the log of ${publisher}`,
      );
      return undefined;
    }
    const { key } = pending.message;
    const last = this.#answered.get(key);
    findings.checked('P4');
    if (last !== undefined && comparePlaces(place, last.message.place) === 0) return last;
    if (last !== undefined && comparePlaces(place, last.message.place) < 0) {
      // What was passed over without its effect has it now, too late; anything else has had its effect before.
      if (!this.#missing.takeBack(pending.partition, nameOf(pending.message)))
        findings.breach(
          'P8',
          `${eventName} answers ${nameOf(pending.message)} once more: it had its effect already`,
        );
      else
        findings.breach(
          'P4',
          `${eventName} answers ${nameOf(pending.message)} after ${nameOf(last.message)}, which stands behind it`,
        );
      return undefined;
    }
    if (last !== undefined) this.#requireWhole(last);
    // What stands before it under its key was handled before it, and must have led to nothing.
    for (const before of this.#pending.takeUpTo(pending)) await this.#passOver(before);
    this.#note(pending, eventName);
    return pending;
  }

  async #lookUp(place: Place): Promise<Pending | undefined> {
    const message = await this.#deps.lookUp(place);
    const opened = message === undefined ? undefined : this.#deps.open(message);
    if (message === undefined || opened === undefined) return undefined;
    const partition = this.#deps.partitionOf(message.key);
    const standing = this.#isPassed(message, partition) ? 'handled' : 'waiting';
    return { message, partition, opened, standing, expected: undefined, met: 0 };
  }

  #isPassed({ place }: InboundMessage, partition: number): boolean {
    return comparePlaces(place, this.#deps.cursors.get(partition) ?? START) <= 0;
  }

  #note(pending: Pending, eventName: string): void {
    const { message, partition, standing } = pending;
    const { findings } = this.#deps;
    this.#answered.set(message.key, pending);
    this.#missing.noteEffect(partition, message.place);
    if (standing === 'waiting') {
      this.inFlight -= 1;
      const evidence = `${eventName} answers ${nameOf(message)}`;
      this.#movedBack.note(partition, message.place, evidence);
    }
    if (standing === 'parked')
      findings.breach('P8', `${eventName} answers ${nameOf(message)}, which is parked`);
  }

  async #passOver(pending: Pending): Promise<void> {
    const { message, partition, opened, standing } = pending;
    if (standing !== 'handled') return;
    const at = typeof message.data === 'object' ? timeOf(message.data) : '';
    const expected = await opened.replay({ at, ...ANY_CHOICE });
    this.#deps.findings.checked('P5');
    if (expected?.length === 0) return;
    this.#deps.onUnanswered(message);
    if (expected === undefined) return;
    this.#missing.add(partition, nameOf(message), message.place);
  }

  #requireWhole({ message, expected, met }: Pending): void {
    if (expected === undefined || met >= expected.length) return;
    this.#deps.findings.breach(
      'P8',
      `${nameOf(message)} should have led to ${expected.length} events, the log of ${this.#deps.consumer} has ${met}`,
    );
  }

  /** It may be kept for long, so it holds on to no more of the message than its name and place. */
  #witnessOf({ id, type, key, place }: InboundMessage, partition: number): RowWitness {
    const message = nameOf({ id, type, key });
    return {
      ...{ message, cursor: this.#cursorName(partition) },
      onHandled: (row) => {
        this.#movedBack.note(partition, place, `${row} is what ${message} makes of it`);
      },
    };
  }

  #cursorName(partition: number): string {
    return cursorName(this.#deps.consumer, this.#deps.topic, partition);
  }
}
