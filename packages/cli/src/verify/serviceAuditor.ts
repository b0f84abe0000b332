// Reads one service's log event by event: its hashes, its streams, its decisions replayed, its read models, its messages.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import { START, type Place } from '@orderflow/shared/messaging/chain.ts';
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import type { DataService } from '../config.ts';
import { causeIn, isSame, nameOfEvent, type Cause } from './causes.ts';
import type { Findings } from './findings.ts';
import { Inbox } from './inbox.ts';
import type { Link } from './link.ts';
import { LogContinuity } from './logContinuity.ts';
import type { OpenedMessage } from './pending.ts';
import { readEventAt, type RawEvent, type Reader } from './rawEvents.ts';
import { ReadModels } from './readModels.ts';
import type { AuditedService, Choices } from './services.ts';
import { SnapshotBook } from './snapshotBook.ts';
import { bookAfter, EMPTY_BOOK, faultOf, type StockBook } from './stockBook.ts';
import { linkFault, StreamBook, type StreamStanding } from './streamBook.ts';
import { inboundOf, type TopicBook } from './topicBook.ts';

interface Folded<State> {
  readonly state: State;
  readonly book: StockBook;
}

/** What auditing a service needs. */
export interface AuditorDeps {
  readonly reader: Reader;
  readonly head: { readonly incarnation: number; readonly position: number };
  readonly since: number;
  readonly topic: TopicBook;
  readonly findings: Findings;
  /** Told of every event that could be read. */
  readonly onEvent: (event: DomainEvent, name: string) => void;
}

/** The auditor of one service's log. */
export class ServiceAuditor<State, Command, Event extends DomainEvent, Fact extends DomainEvent> {
  readonly #service: AuditedService<State, Command, Event, Fact>;
  readonly #deps: AuditorDeps;
  readonly #streams: StreamBook<Folded<State>>;
  readonly #links = new Map<DataService, Link>();
  readonly readModels: ReadModels<Event | Fact>;
  readonly snapshots: SnapshotBook<State>;
  readonly #continuity: LogContinuity;
  /** Streams that are not remembered are read again up to here: what stands behind it has not happened yet. */
  #readable = 0;
  readonly #inbox: Inbox<State, Command, Event, Fact>;

  constructor(service: AuditedService<State, Command, Event, Fact>, deps: AuditorDeps) {
    this.#service = service;
    this.#deps = deps;
    this.#continuity = new LogContinuity(service.name, deps);
    const { decider, projections, stateCodec } = service.parts;
    this.snapshots = new SnapshotBook(service.name, stateCodec, deps.findings);
    this.readModels = new ReadModels(service.name, projections, deps.findings);
    this.#streams = new StreamBook(deps.reader, {
      initial: { state: decider.initialState, book: EMPTY_BOOK },
      after: (folded, raw) => this.#after(folded, this.#parse(raw)),
    });
    const { readModels } = this;
    const standing = (streamId: string) => this.#streams.standing(streamId, this.#readable);
    this.#inbox = new Inbox({ service, readModels, standing });
  }

  get name(): DataService {
    return this.#service.name;
  }

  /** The service reads this link's topic. */
  listenTo(publisher: DataService, link: Link): void {
    this.#links.set(publisher, link);
  }

  /** The message that an event answers; undefined for one that a request caused. */
  causeOf(raw: RawEvent): Cause | undefined {
    // A request's own id is the client's to choose, and may look like a message's.
    if (this.#service.requestTypes.some((type) => type === raw.type)) return undefined;
    return causeIn(raw.cause.causationId);
  }

  /** Reads the snapshots, before the log is read: without it none is compared. */
  readSnapshots(): Promise<void> {
    return this.snapshots.load(this.#deps.reader);
  }

  /** The last position that was taken: what other logs say of events up to there can be judged. */
  get position(): number {
    return this.#continuity.position;
  }

  /** By incarnation: the last position of it that was taken. */
  get ends(): ReadonlyMap<number, number> {
    return this.#continuity.ends;
  }

  /** Takes the next event of the log. */
  async take(raw: RawEvent): Promise<void> {
    const { findings } = this.#deps;
    const name = nameOfEvent(this.name, raw);
    this.#continuity.take(raw);
    this.#readable = raw.position - 1;
    const standing = await this.#streams.standing(raw.streamId, this.#readable, raw.version === 1);
    const fault = linkFault(standing, raw);
    findings.checked('P9');
    if (fault !== undefined) findings.breach('P9', `${name} ${fault}`);
    standing.version = raw.version;
    standing.hash = raw.hash;
    let event: Event;
    try {
      event = this.#parse(raw);
    } catch (error) {
      findings.breach('P9', `${name} cannot be read: ${String(error)}`);
      standing.isBroken = true;
      this.snapshots.leaveOut(raw);
      return;
    }
    this.#requireStream(event, raw, name);
    this.#deps.onEvent(event, name);
    await this.#judge(event, raw, standing, { name, isDamaged: fault !== undefined });
    this.readModels.fold(event, standing.isBroken);
    const { recorded, messages } = this.#messagesOf(event, raw);
    this.#deps.topic.publish(recorded, messages);
    if (standing.isBroken) {
      this.snapshots.leaveOut(raw);
      return;
    }
    this.snapshots.take(raw, standing.folded.state);
    if (this.#service.isSettled(standing.folded.state)) this.#streams.forget(raw.streamId);
  }

  /** All of the log was taken. */
  close(): void {
    this.#readable = Number.MAX_SAFE_INTEGER;
    this.#continuity.close();
  }

  /** A message as this service reads it; undefined for a type that it passes over. Throws if it cannot be read. */
  open(message: InboundMessage): OpenedMessage | undefined {
    return this.#inbox.open(message);
  }

  /** The message at a place of the log, read again; undefined if there is none. */
  async messageAt(place: Place): Promise<InboundMessage | undefined> {
    const raw = await readEventAt(this.#deps.reader, place.position);
    if (raw?.incarnation !== place.incarnation) return undefined;
    const { recorded, messages } = this.#messagesOf(this.#parse(raw), raw);
    const message = messages[place.part];
    // Its predecessor is not known here, and not asked for: this is no record of a topic.
    const chain = { place, prev: START };
    return message && inboundOf(this.name, message, chain, recorded.metadata);
  }

  #parse(raw: RawEvent): Event {
    const data: unknown = JSON.parse(raw.data);
    return this.#service.parts.codec.parse(raw.type, raw.schemaVersion, data);
  }

  #after({ state, book }: Folded<State>, event: Event): Folded<State> {
    const isStock = this.name === 'inventory';
    return {
      state: this.#service.parts.decider.evolve(state, event),
      book: isStock ? bookAfter(book, event) : book,
    };
  }

  #requireStream(event: Event, { streamId }: RawEvent, name: string): void {
    this.#deps.findings.checked('P7');
    const expected = this.#service.streamOf(event);
    if (expected !== streamId)
      this.#deps.findings.breach(
        'P7',
        `${name} is about ${expected}, and stands in another stream`,
      );
  }

  /** Replays the decision, and folds the event into what its stream adds up to. */
  async #judge(
    event: Event,
    raw: RawEvent,
    standing: StreamStanding<Folded<State>>,
    { name, isDamaged }: { readonly name: string; readonly isDamaged: boolean },
  ): Promise<void> {
    const { findings } = this.#deps;
    const isKnown = !isDamaged && !standing.isBroken;
    const expected = await this.#expected(event, raw, isKnown ? standing : undefined, name);
    // Only now: what was asked of the stream before this event, its past could still answer.
    standing.isBroken ||= isDamaged;
    if (standing.isBroken) return;
    if (expected !== undefined) findings.checked('P5');
    if (expected !== undefined && !isSame(expected, event, raw))
      findings.breach(
        'P5',
        `${name} is ${raw.type} ${raw.data}, by the rules it is ${expected.type} ${JSON.stringify(expected.data)}`,
      );
    try {
      standing.folded = this.#after(standing.folded, event);
    } catch (error) {
      findings.breach(
        this.name === 'inventory' ? 'P2' : 'P3',
        `${name} does not fit to its stream: ${error instanceof Error ? error.message : String(error)}`,
      );
      standing.isBroken = true;
    }
    if (this.name !== 'inventory') return;
    findings.checked('P1');
    findings.checked('P2');
    const fault = faultOf(standing.folded.book);
    if (fault !== undefined) findings.breach(fault.promise, `${name}: ${fault.text}`);
  }

  /** What the rules give instead of this event; undefined if there is nothing to compare with. */
  async #expected(
    event: Event,
    raw: RawEvent,
    standing: StreamStanding<Folded<State>> | undefined,
    name: string,
  ): Promise<DomainEvent | undefined> {
    const command = this.#service.requestOf(event);
    if (command !== undefined) {
      if (standing === undefined) return undefined;
      const decision = this.#service.parts.decider.decide(command, standing.folded.state);
      if (decision.kind === 'events' && decision.events.length === 1) return decision.events[0];
      this.#deps.findings.breach(
        this.name === 'orders' ? 'P3' : 'P5',
        `${name} records a request that the rules turn down (${decision.kind === 'rejected' ? decision.rejection : 'it was recorded before'})`,
      );
      return undefined;
    }
    const cause = this.causeOf(raw);
    const link = cause && this.#links.get(cause.publisher);
    if (cause === undefined || link === undefined) {
      this.#deps.findings.breach('P5', `${name} answers no message that ${this.name} reads`);
      return undefined;
    }
    const isJudged = standing !== undefined && this.#service.isGivenUp?.(event) !== true;
    const choicesFor = (key: string): Choices => this.#service.choicesOf(event, key);
    return link.answer(cause.place, name, isJudged ? choicesFor : undefined);
  }

  #messagesOf(event: Event, raw: RawEvent) {
    const { incarnation, position, streamId, version, schemaVersion, hash } = raw;
    const recorded = {
      ...{ incarnation, position, streamId, version, schemaVersion, hash, event },
      metadata: raw.cause,
    };
    return { recorded, messages: this.#service.parts.toMessages(recorded) };
  }
}
