// What a service has published: the place of every message in its partition, and the cursors that are said to stand on them.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { EventMetadata, RecordedEvent } from '@orderflow/shared/eventstore/eventStore.ts';
import {
  comparePlaces,
  formatPlace,
  START,
  type LogHistory,
  type Place,
} from '@orderflow/shared/messaging/chain.ts';
import {
  serializeEnvelope,
  type InboundMessage,
  type OutboundMessage,
} from '@orderflow/shared/messaging/envelope.ts';
import { partitionOf } from '@orderflow/shared/messaging/murmur2.ts';
import type { DataService } from '../config.ts';
import type { ReadingCursor } from './cursorOffsets.ts';
import type { Findings } from './findings.ts';
import type { Link } from './link.ts';
import { relayCursorName, type RelayBook } from './relayBook.ts';

/** A message as the log has it, for whoever compares the topic with it. */
export interface LoggedMessage {
  readonly partition: number;
  readonly place: Place;
  /** The record's value, byte for byte. */
  readonly value: () => string;
}

/** What a topic's book is made of. */
export interface TopicDeps {
  readonly publisher: DataService;
  /** With its prefix. */
  readonly topic: string;
  /** What stands before the names of all topics and groups. */
  readonly prefix: string;
  readonly partitionCount: number;
  readonly relay: RelayBook;
  /** Positions up to here are not looked at. */
  readonly since: number;
  /** What its readers know of a restore; undefined if there was none. */
  readonly history: LogHistory | undefined;
  /** The cursors of its consumers. */
  readonly readers: readonly ReadingCursor[];
  readonly findings: Findings;
}

/** A cursor that is said to stand on a message of this topic. */
interface WatchedCursor {
  readonly name: string;
  readonly partition: number;
  readonly place: Place;
  isMet: boolean;
}

/** The messages of one topic, as they follow from the log. */
export class TopicBook {
  readonly #deps: TopicDeps;
  readonly #links: Link[] = [];
  readonly #last = new Map<number, Place>();
  readonly #watched: WatchedCursor[] = [];
  /** Told of every message, if a topic is compared. */
  onMessage: ((message: LoggedMessage) => void) | undefined;
  messageCount = 0;

  constructor(deps: TopicDeps) {
    this.#deps = deps;
    for (const { partition, place } of deps.relay.cursors)
      this.watch(relayCursorName(deps.topic, partition), partition, place);
  }

  get topic(): string {
    return this.#deps.topic;
  }

  get prefix(): string {
    return this.#deps.prefix;
  }

  /** Messages of positions up to here are not told. */
  get since(): number {
    return this.#deps.since;
  }

  get history(): LogHistory | undefined {
    return this.#deps.history;
  }

  get readers(): readonly ReadingCursor[] {
    return this.#deps.readers;
  }

  get partitionCount(): number {
    return this.#deps.partitionCount;
  }

  subscribe(link: Link): void {
    this.#links.push(link);
  }

  get relay(): RelayBook {
    return this.#deps.relay;
  }

  /** The cursor must stand on a message of this topic. */
  watch(name: string, partition: number, place: Place): void {
    if (comparePlaces(place, START) === 0) return;
    this.#watched.push({ name, partition, place, isMet: place.position <= this.#deps.since });
  }

  /** The last message of a partition so far. */
  last(partition: number): Place {
    return this.#last.get(partition) ?? START;
  }

  /** Takes the messages of an event of the log, in its order. */
  publish(
    recorded: Pick<RecordedEvent<DomainEvent>, 'incarnation' | 'position' | 'metadata'>,
    messages: readonly OutboundMessage[],
  ): void {
    for (const [part, message] of messages.entries()) {
      const place = { incarnation: recorded.incarnation, position: recorded.position, part };
      const partition = partitionOf(message.key, this.#deps.partitionCount);
      const prev = this.last(partition);
      this.#last.set(partition, place);
      this.messageCount += 1;
      for (const cursor of this.#watched)
        if (cursor.partition === partition && comparePlaces(cursor.place, place) === 0)
          cursor.isMet = true;
      const inbound = inboundOf(this.#deps.publisher, message, { place, prev }, recorded.metadata);
      this.#deps.relay.take(partition, place);
      const value = (): string =>
        serializeEnvelope(this.#deps.publisher, message, { place, prev }, recorded.metadata);
      for (const link of this.#links) link.send(inbound, partition, value);
      this.onMessage?.({ partition, place, value });
    }
  }

  /** The log was read: every cursor must have been met. */
  close(): void {
    const { findings, publisher, relay } = this.#deps;
    const unmet = new Set<string>();
    for (const { name, partition, place, isMet } of this.#watched) {
      findings.checked('P9');
      if (isMet) continue;
      unmet.add(name);
      const last = this.last(partition);
      const what =
        comparePlaces(place, last) > 0
          ? `which is ahead of the log of ${publisher}: its last message there is ${formatPlace(last)}`
          : `where the log of ${publisher} has no message of that partition`;
      findings.breach('P9', `${name} stands at ${formatPlace(place)}, ${what}`);
    }
    relay.close(unmet);
  }
}

/** A message as a consumer would get it, without a detour over its text. */
export function inboundOf(
  source: string,
  message: OutboundMessage,
  chain: { readonly place: Place; readonly prev: Place },
  metadata: EventMetadata,
): InboundMessage {
  const { key, type, schemaVersion, data } = message;
  const id = `${source}/${formatPlace(chain.place)}`;
  const { correlationId } = metadata;
  return { id, source, type, schemaVersion, key, ...chain, correlationId, data };
}
