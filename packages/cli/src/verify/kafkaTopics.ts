// The topics as Kafka holds them, compared with the logs that they were sent from.
import { comparePlaces, formatPlace, type Place } from '@orderflow/shared/messaging/chain.ts';
import { parseEnvelope } from '@orderflow/shared/messaging/envelope.ts';
import type { KafkaOptions } from '@orderflow/shared/messaging/kafka.ts';
import { readTopic, type StoredRecord } from '@orderflow/shared/messaging/topicReader.ts';
import { hash } from 'node:crypto';
import type { Findings } from './findings.ts';
import type { LoggedMessage, TopicBook } from './topicBook.ts';

/** What a topic holds. */
export interface TopicFigures {
  readonly records: number;
  /** Records of messages that were sent before: harmless, consumers pass over them. */
  readonly repeats: number;
  /** Messages of the log before the first record that the topic keeps. */
  readonly notKept: number;
}

/** Numbers that grow: 8 bytes each, where an array of objects would take ten times as much. */
class Numbers {
  #values = new Float64Array(1_024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }
}

/** One partition: its messages in the order of their places, each with 53 bits of its content's hash. */
class PartitionContent {
  readonly #incarnations = new Numbers();
  readonly #positions = new Numbers();
  readonly #parts = new Numbers();
  readonly #digests = new Numbers();
  #next = 0;

  get length(): number {
    return this.#positions.length;
  }

  placeAt(index: number): Place {
    return {
      incarnation: this.#incarnations.at(index),
      position: this.#positions.at(index),
      part: this.#parts.at(index),
    };
  }

  /** Adds a record; gives 'repeat' for one that is there already, and 'different' if it is so with another content. */
  add(place: Place, digest: number): 'new' | 'repeat' | 'different' | 'out of order' {
    const last = this.length - 1;
    if (last < 0 || comparePlaces(place, this.placeAt(last)) > 0) {
      this.#incarnations.push(place.incarnation);
      this.#positions.push(place.position);
      this.#parts.push(place.part);
      this.#digests.push(digest);
      return 'new';
    }
    const at = this.#find(place);
    if (at === undefined) return 'out of order';
    return this.#digests.at(at) === digest ? 'repeat' : 'different';
  }

  /** The digest of the message at a place, asked for in their order; undefined if it is not there. `skipped`: those before it. */
  next(place: Place): { readonly digest: number | undefined; readonly skipped: readonly Place[] } {
    const skipped: Place[] = [];
    for (; this.#next < this.length; this.#next += 1) {
      const order = comparePlaces(this.placeAt(this.#next), place);
      if (order > 0) break;
      if (order === 0) {
        this.#next += 1;
        return { digest: this.#digests.at(this.#next - 1), skipped };
      }
      skipped.push(this.placeAt(this.#next));
    }
    return { digest: undefined, skipped };
  }

  #find(place: Place): number | undefined {
    let [low, high] = [0, this.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = comparePlaces(this.placeAt(middle), place);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}

/** Reads the topic (the book's own, if no other is named) as it is now, and then compares every message that the book has with it. */
export async function compareTopic(
  kafka: KafkaOptions,
  book: TopicBook,
  findings: Findings,
  topic = book.topic,
): Promise<() => TopicFigures> {
  const partitions = new Map<number, PartitionContent>();
  const figures = { records: 0, repeats: 0, notKept: 0 };
  const contentOf = (partition: number): PartitionContent => {
    const known = partitions.get(partition) ?? new PartitionContent();
    partitions.set(partition, known);
    return known;
  };
  const isThere = await readTopic(kafka, topic, (record) => {
    figures.records += 1;
    if (takeRecord(topic, contentOf(record.partition), record, findings) === 'repeat')
      figures.repeats += 1;
  });
  if (!isThere) findings.breach('P9', `the topic ${topic} is not there`);
  book.onMessage = (message) => {
    if (compareMessage(book, topic, contentOf(message.partition), message, findings) === 'not kept')
      figures.notKept += 1;
  };
  return () => figures;
}

function takeRecord(
  topic: string,
  content: PartitionContent,
  { partition, offset, value }: StoredRecord,
  findings: Findings,
): ReturnType<PartitionContent['add']> | 'unreadable' {
  const name = `record ${topic}/${partition} offset ${offset}`;
  findings.checked('P9');
  let place: Place;
  try {
    place = parseEnvelope(value).place;
  } catch (error) {
    findings.breach('P9', `${name} is no message: ${String(error)}`);
    return 'unreadable';
  }
  const added = content.add(place, digestOf(value));
  if (added === 'out of order')
    findings.breach(
      'P9',
      `${name} is message ${formatPlace(place)}, which comes too late: a later one stands before it`,
    );
  if (added === 'different')
    findings.breach('P9', `${name} repeats message ${formatPlace(place)} with another content`);
  return added;
}

function compareMessage(
  book: TopicBook,
  topic: string,
  content: PartitionContent,
  { partition, place, value }: LoggedMessage,
  findings: Findings,
): 'not kept' | undefined {
  // What is not in the log, and of an earlier incarnation, a restore has lost: consumers pass over it.
  const { digest, skipped } = content.next(place);
  for (const unknown of skipped.filter(({ incarnation }) => incarnation >= place.incarnation))
    findings.breach(
      'P9',
      `${topic}/${partition} holds message ${formatPlace(unknown)}, which is not in the log`,
    );
  if (digest !== undefined) {
    if (digest !== digestOf(value()))
      findings.breach(
        'P9',
        `message ${formatPlace(place)} of ${topic}/${partition} is not what the log makes of it: ${value()}`,
      );
    return undefined;
  }
  if (!book.isSent(partition, place)) return undefined;
  // Kafka keeps no more than it is told to, and begins with the oldest.
  if (content.length === 0 || comparePlaces(place, content.placeAt(0)) < 0) return 'not kept';
  findings.breach(
    'P9',
    `message ${formatPlace(place)} of ${topic}/${partition} is missing there, though later ones are kept: \`orderflow refill\` sends it again`,
  );
  return undefined;
}

function digestOf(value: string): number {
  return Number.parseInt(hash('sha256', value, 'hex').slice(0, 13), 16);
}
