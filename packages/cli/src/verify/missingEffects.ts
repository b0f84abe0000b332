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
export interface ReadTopic {
  readonly consumer: DataService;
  readonly topic: string;
  readonly cursors: ReadonlyMap<number, Place>;
  readonly findings: Findings;
}

/** Names kept of each partition's messages; more are counted. */
const KEPT_NAMES = 10_000;

/** What is missing of one topic's effects, by partition. */
export class MissingEffects {
  readonly #read: ReadTopic;
  /** By partition: the names of the messages, and their places, in the order in which they were missed. */
  readonly #byPartition = new Map<number, Map<string, Place>>();
  /** By partition: how many more there are, and the first of them. */
  readonly #more = new Map<number, { count: number; first: Place }>();
  readonly #limit: number;
  /** By partition: the furthest message that had its effect. */
  readonly #furthest = new Map<number, Place>();

  constructor(read: ReadTopic, limit = KEPT_NAMES) {
    this.#read = read;
    this.#limit = limit;
  }

  /** A message was passed over that should have led to something. */
  add(partition: number, name: string, place: Place): void {
    const missing = this.#byPartition.get(partition) ?? new Map<string, Place>();
    this.#byPartition.set(partition, missing);
    if (missing.size < this.#limit) {
      missing.set(name, place);
      return;
    }
    const more = this.#more.get(partition) ?? { count: 0, first: place };
    const first = comparePlaces(place, more.first) < 0 ? place : more.first;
    this.#more.set(partition, { count: more.count + 1, first });
  }

  /** The message has its effect after all, too late; false if it was not missed. Of one without a kept name it is believed. */
  takeBack(partition: number, name: string): boolean {
    if (this.#byPartition.get(partition)?.delete(name) === true) return true;
    const more = this.#more.get(partition);
    if (more === undefined || more.count === 0) return false;
    more.count -= 1;
    return true;
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
    const more = this.#more.get(partition);
    if (more !== undefined && comparePlaces(more.first, furthest) <= 0) return false;
    return places.length > 0 && places.every((place) => comparePlaces(place, furthest) > 0);
  }

  /** Tells what is missing. */
  tell(): void {
    for (const [partition, missing] of this.#byPartition) {
      const messages = [...missing.keys()];
      const more = this.#more.get(partition)?.count ?? 0;
      if (this.#isAtEnd(partition)) this.#tellEnd(partition, messages, more);
      else {
        for (const message of messages) this.#tellOne(partition, message);
        if (more > 0) this.#tellMore(partition, more);
      }
    }
  }

  #tellMore(partition: number, count: number): void {
    const { findings, consumer, topic } = this.#read;
    const what = `${count} more messages behind ${cursorName(consumer, topic, partition)} have no effect`;
    findings.breach('P8', `${what} in the log of ${consumer}`, count);
  }

  #tellOne(partition: number, message: string): void {
    const { findings, consumer, topic } = this.#read;
    findings.breach(
      'P8',
      `${message} was handled, as ${cursorName(consumer, topic, partition)} says, but its effect is not in the log of ${consumer}`,
    );
  }

  #tellEnd(partition: number, messages: readonly string[], unnamed: number): void {
    const { findings, consumer, topic, cursors } = this.#read;
    const cursor = formatPlace(cursors.get(partition) ?? START);
    const behind = messages.length - 1 + unnamed;
    const more = behind > 0 ? ` and of ${behind} more behind it` : '';
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
