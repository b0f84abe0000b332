// Messages that a cursor has passed without their effect, and whether it is the cursor or the effect that is wrong.
import { formatPlace, START, type Place } from '@orderflow/shared/messaging/chain.ts';
import type { DataService } from '../config.ts';
import type { Findings } from './findings.ts';

/** The reader of a topic, by its cursors. */
interface ReadTopic {
  readonly consumer: DataService;
  readonly topic: string;
  readonly cursors: ReadonlyMap<number, Place>;
  readonly findings: Findings;
}

interface Missing {
  readonly messages: string[];
  isInMiddle: boolean;
}

/** What is missing of one topic's effects, by partition. */
export class MissingEffects {
  readonly #read: ReadTopic;
  readonly #byPartition = new Map<number, Missing>();

  constructor(read: ReadTopic) {
    this.#read = read;
  }

  /** A message was passed over that should have led to something. */
  add(partition: number, message: string): void {
    const missing = this.#byPartition.get(partition) ?? { messages: [], isInMiddle: false };
    missing.messages.push(message);
    this.#byPartition.set(partition, missing);
  }

  has(partition: number, message: string): boolean {
    return this.#byPartition.get(partition)?.messages.includes(message) === true;
  }

  /** A later message of the partition had its effect: so it is not the cursor that has gone too far. */
  noteLaterEffect(partition: number): void {
    const missing = this.#byPartition.get(partition);
    if (missing !== undefined) missing.isInMiddle = true;
  }

  /** True if everything at the end of a partition is missing: then its cursor may well be wrong. */
  someAtEnd(): boolean {
    return [...this.#byPartition.values()].some(({ isInMiddle }) => !isInMiddle);
  }

  /** Tells what is missing. */
  tell(): void {
    for (const [partition, { messages, isInMiddle }] of this.#byPartition) {
      if (isInMiddle) for (const message of messages) this.#tellOne(partition, message);
      else this.#tellEnd(partition, messages);
    }
  }

  #tellOne(partition: number, message: string): void {
    const { findings, consumer, topic } = this.#read;
    findings.breach(
      'P8',
      `${message} was handled, as ${cursorName(consumer, topic, partition)} says, but its effect is not in the log of ${consumer}`,
    );
  }

  #tellEnd(partition: number, messages: readonly string[]): void {
    const { findings, consumer, topic, cursors } = this.#read;
    const cursor = formatPlace(cursors.get(partition) ?? START);
    const more = messages.length > 1 ? ` and of ${messages.length - 1} more behind it` : '';
    findings.breach(
      'P8',
      `${cursorName(consumer, topic, partition)} stands at ${cursor}, but the effect of ${messages[0] ?? ''}${more} is not in the log of ${consumer}: the cursor was moved on, or the effect removed`,
    );
  }
}

/** How reports name a consumer's cursor. */
export function cursorName(consumer: DataService, topic: string, partition: number): string {
  return `cursor ${consumer}/${topic}/${partition}`;
}
