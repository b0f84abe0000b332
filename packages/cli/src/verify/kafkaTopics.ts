// The topics as Kafka holds them, compared with the logs that they were sent from.
import {
  comparePlaces,
  formatPlace,
  isVoid,
  type Place,
} from '@orderflow/shared/messaging/chain.ts';
import { parseEnvelope, type InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import type { KafkaOptions } from '@orderflow/shared/messaging/kafka.ts';
import { readTopic, type StoredRecord } from '@orderflow/shared/messaging/topicReader.ts';
import { hash } from 'node:crypto';
import { CursorOffsets } from './cursorOffsets.ts';
import type { Findings } from './findings.ts';
import { PartitionContent, type Added } from './partitionContent.ts';
import { relayCursorName } from './relayBook.ts';
import type { LoggedMessage, TopicBook } from './topicBook.ts';

/** What a topic holds. */
export interface TopicFigures {
  readonly records: number;
  /** Records of messages that were sent before: harmless, consumers pass over them. */
  readonly repeats: number;
  /** Messages that stand behind later ones: Kafka had lost them, and the relay has sent them again. */
  readonly late: number;
  /** Records of messages that the log has lost by a restore: consumers pass over them. */
  readonly lost: number;
  /** Messages of the log before the first record that the topic keeps. */
  readonly notKept: number;
}

/** Reads the topic (the book's own, if no other is named) as it is now, and then compares every message that the book has with it. */
export async function compareTopic(
  kafka: KafkaOptions,
  book: TopicBook,
  findings: Findings,
  topic = book.topic,
): Promise<() => TopicFigures> {
  const partitions = new Map<number, PartitionContent>();
  const figures = { records: 0, repeats: 0, late: 0, lost: 0, notKept: 0 };
  const contentOf = (partition: number): PartitionContent => {
    const known = partitions.get(partition) ?? new PartitionContent();
    partitions.set(partition, known);
    return known;
  };
  const readers = new CursorOffsets(book.readers);
  const offsets = await readTopic(kafka, { topic, prefix: book.prefix }, (record) => {
    figures.records += 1;
    const taken = takeRecord({ topic, book, readers }, contentOf, record, findings);
    if (taken === 'repeat') figures.repeats += 1;
    if (taken === 'late') figures.late += 1;
    if (taken === 'lost') figures.lost += 1;
  });
  for (const [partition, { unmended }] of partitions)
    if (unmended !== undefined)
      findings.breach(
        'P9',
        `message ${formatPlace(unmended.late)} of ${topic}/${partition} comes too late: ${formatPlace(unmended.again)} stands before it, and was not sent again behind it, unless its relay is just about it: run this again`,
      );
  for (const doubt of readers.doubts(offsets ?? new Map())) findings.doubt(doubt);
  if (offsets === undefined) findings.breach('P9', `the topic ${topic} is not there`);
  for (const [partition, { high }] of offsets ?? []) contentOf(partition).isUnwritten = high === 0n;
  book.onMessage = (message) => {
    if (compareMessage(book, topic, contentOf(message.partition), message, findings) === 'not kept')
      figures.notKept += 1;
  };
  return () => figures;
}

function takeRecord(
  of: { readonly topic: string; readonly book: TopicBook; readonly readers: CursorOffsets },
  contentOf: (partition: number) => PartitionContent,
  { partition, offset, value }: StoredRecord,
  findings: Findings,
): Added | 'unreadable' | 'lost' {
  const name = `record ${of.topic}/${partition} offset ${offset}`;
  findings.checked('P9');
  let message: InboundMessage;
  try {
    message = parseEnvelope(value);
  } catch (error) {
    findings.breach('P9', `${name} is no message: ${String(error)}`);
    return 'unreadable';
  }
  const { place } = message;
  const { history } = of.book;
  if (history !== undefined && isVoid(history, place)) return 'lost';
  of.readers.take(partition, offset, message);
  const added = contentOf(partition).add(place, digestOf(value));
  if (added === 'out of order')
    findings.breach(
      'P9',
      `${name} is message ${formatPlace(place)}, which comes too late: a later one stands before it, and this happened too often to be a loss that healed`,
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
  // What readers were not told of (a failover lost it, no restore): it may be what an earlier incarnation had.
  const { digest, skipped } = content.next(place);
  const mayBeLost = (unknown: Place): boolean =>
    unknown.incarnation < place.incarnation && unknown.incarnation >= (book.history?.newest ?? 0);
  for (const unknown of skipped.filter((each) => !mayBeLost(each)))
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
  if (!book.relay.isSent(partition, place)) return undefined;
  // Kafka keeps no more than it is told to, and deletes the oldest first. Offsets stay: an end of 0 shows that it had none.
  const { first, last, isUnwritten } = content;
  if (first === undefined ? !isUnwritten : comparePlaces(place, first) < 0) return 'not kept';
  const why =
    last !== undefined && comparePlaces(place, last) < 0
      ? 'though later ones are kept'
      : `but ${relayCursorName(book.topic, partition)} says that it was sent: the topic lost its end, or the cursor was moved on`;
  findings.breach(
    'P9',
    `message ${formatPlace(place)} of ${topic}/${partition} is missing there, ${why}: \`orderflow refill\` sends it again, unless its relay is just about it: run this again`,
  );
  return undefined;
}

function digestOf(value: string): number {
  return Number.parseInt(hash('sha256', value, 'hex').slice(0, 13), 16);
}
