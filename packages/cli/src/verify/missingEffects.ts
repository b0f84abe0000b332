// Messages that a cursor has passed without their effect, and whether it is the cursor or the effect that is wrong.
import {
  comparePlaces,
  formatPlace,
  START,
  type Place,
} from '@orderflow/shared/messaging/chain.ts';
import type { DataService } from '../config.ts';
import type { Findings } from './findings.ts';

/** The reader of a topic, by its cursors. */
interface ReadTopic {
  readonly consumer: DataService;
  readonly topic: string;
  readonly cursors: ReadonlyMap<number, Place>;
  readonly findings: Findings;
}

/** What is missing of one topic's effects, by partition. */
export class MissingEffects {
  readonly #read: ReadTopic;
  /** By partition: the names of the messages, and their places, in the order in which they were missed. */
  readonly #byPartition = new Map<number, Map<string, Place>>();
  /** By partition: the furthest message that had its effect. */
  readonly #furthest = new Map<number, Place>();

  constructor(read: ReadTopic) {
    this.#read = read;
  }

  /** A message was passed over that should have led to something. */
  add(partition: number, name: string, place: Place): void {
    const missing = this.#byPartition.get(partition) ?? new Map<string, Place>();
    this.#byPartition.set(partition, missing.set(name, place));
  }

  /** The message has its effect after all, too late; false if it was not missed. */
  takeBack(partition: number, name: string): boolean {
    return this.#byPartition.get(partition)?.delete(name) === true;
  }

  /** A message had its effect: what is missing before it, its cursor is not to blame for. */
  noteEffect(partition: number, place: Place): void {
    const furthest = this.#furthest.get(partition) ?? START;
    if (comparePlaces(place, furthest) > 0) this.#furthest.set(partition, place);
  }

  /** True if everything at the end of a partition is missing: then its cursor may well be wrong. */
  someAtEnd(): boolean {
    return [...this.#byPartition.keys()].some((partition) => this.#isAtEnd(partition));
  }

  #isAtEnd(partition: number): boolean {
    const furthest = this.#furthest.get(partition) ?? START;
    const places = [...(this.#byPartition.get(partition)?.values() ?? [])];
    return places.length > 0 && places.every((place) => comparePlaces(place, furthest) > 0);
  }

  /** Tells what is missing. */
  tell(): void {
    for (const [partition, missing] of this.#byPartition) {
      const messages = [...missing.keys()];
      if (this.#isAtEnd(partition)) this.#tellEnd(partition, messages);
      else for (const message of messages) this.#tellOne(partition, message);
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
