// The messages that a consumer has put aside: each must be its publisher's, and nothing of its key may have overtaken it.
import { hash } from 'node:crypto';
import { comparePlaces, formatPlace, type Place } from '@orderflow/shared/messaging/chain.ts';
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import type { DataService } from '../config.ts';
import { nameOf } from './causes.ts';
import type { ParkedRow } from './cursors.ts';
import type { Findings } from './findings.ts';

/** Whose messages they are. */
export interface ParkedBookDeps {
  readonly publisher: DataService;
  readonly consumer: DataService;
  /** Those of one topic. */
  readonly rows: readonly ParkedRow[];
  /** Positions up to here are not looked at. */
  readonly since: number;
  readonly findings: Findings;
}

/** What one consumer has parked of one topic. */
export class ParkedBook {
  readonly #deps: ParkedBookDeps;
  readonly #rows: Map<string, ParkedRow>;
  /** By message key. */
  readonly #first = new Map<string, Place>();

  constructor(deps: ParkedBookDeps) {
    this.#deps = deps;
    // A record that cannot be read has no place in a chain: it is parked under a place of its own, and answers to no log.
    const rows = deps.rows.filter(({ place }) => place.incarnation > 0);
    this.#rows = new Map(rows.map((row) => [formatPlace(row.place), row]));
    for (const { key, place } of rows) {
      const first = this.#first.get(key);
      if (first === undefined || comparePlaces(place, first) < 0) this.#first.set(key, place);
    }
  }

  /** The publisher has this message; `value` is its record's. True if it is parked. */
  take(message: InboundMessage, partition: number, value: () => string): boolean {
    const row = this.#rows.get(formatPlace(message.place));
    if (row === undefined) return false;
    this.#rows.delete(formatPlace(message.place));
    const { findings, consumer } = this.#deps;
    findings.checked('P9');
    const fits =
      row.key === message.key &&
      row.partition === partition &&
      row.valueHash === hash('sha256', value(), 'hex');
    if (!fits)
      findings.breach(
        'P9',
        `${nameOf(message)}, as ${consumer} has parked it, is not what the log makes of it: ${value()}`,
      );
    return true;
  }

  /**
   * The consumer has handled this message. Whatever stands behind a parked message of its key must be parked as well,
   * even if it leads to nothing: or it was overtaken.
   */
  requireInOrder(message: InboundMessage): void {
    const first = this.#first.get(message.key);
    if (first === undefined || comparePlaces(message.place, first) <= 0) return;
    const { findings, publisher, consumer } = this.#deps;
    findings.breach(
      'P4',
      `${nameOf(message)} was handled by ${consumer}, though ${publisher}/${formatPlace(first)}, which stands before it under its key, is parked`,
    );
  }

  /** The publisher's log was read: each of them must have been met. */
  close(): void {
    const { findings, publisher, consumer, since } = this.#deps;
    for (const { place, key } of this.#rows.values()) {
      if (place.position <= since) continue;
      findings.checked('P9');
      findings.breach(
        'P9',
        `${consumer} has parked ${publisher}/${formatPlace(place)} of key ${key}, which is not in the log of ${publisher}`,
      );
    }
  }
}
