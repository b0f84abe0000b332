// Where each stream of a service stands while its log is read: version, hash, and what its events add up to.
import { chainHash, GENESIS_HASH } from '@orderflow/shared/eventstore/hashChain.ts';
import { streamPages, type RawEvent, type Reader } from './rawEvents.ts';

/** A stream so far. */
export interface StreamStanding<Folded> {
  version: number;
  hash: string;
  folded: Folded;
  /** True from the event on that does not fit: what the stream adds up to is not known any more. */
  isBroken: boolean;
}

/** What a stream's events add up to. */
export interface Fold<Folded> {
  readonly initial: Folded;
  /** Throws if the event cannot be read, or does not fit. */
  readonly after: (folded: Folded, event: RawEvent) => Folded;
}

/** Streams remembered at most. One that was forgotten is read again from the database, which is slower and not less. */
const KEPT_STREAMS = 100_000;

/** The streams of one service. */
export class StreamBook<Folded> {
  readonly #reader: Reader;
  readonly #fold: Fold<Folded>;
  readonly #limit: number;
  /** Streams used of late, and those used before them: the latter are forgotten all at once. */
  #streams = new Map<string, StreamStanding<Folded>>();
  #older = new Map<string, StreamStanding<Folded>>();

  constructor(reader: Reader, fold: Fold<Folded>, limit = KEPT_STREAMS) {
    this.#reader = reader;
    this.#fold = fold;
    this.#limit = limit;
  }

  /** How the stream stands at a position of the log: remembered, or read again. `isNew`: it has no event before it. */
  async standing(streamId: string, upTo: number, isNew = false): Promise<StreamStanding<Folded>> {
    const kept = this.#streams.get(streamId);
    if (kept !== undefined) return kept;
    const older = this.#older.get(streamId);
    if (older !== undefined) return this.#keep(streamId, older);
    const standing: StreamStanding<Folded> = {
      ...{ version: 0, hash: GENESIS_HASH, isBroken: false },
      folded: this.#fold.initial,
    };
    if (!isNew) await this.#readPast(standing, streamId, upTo);
    return this.#keep(streamId, standing);
  }

  /** Forgets a stream in which nothing is expected to happen any more. */
  forget(streamId: string): void {
    this.#streams.delete(streamId);
    this.#older.delete(streamId);
  }

  /** What was wrong there was told when the log was read up to there. */
  async #readPast(standing: StreamStanding<Folded>, streamId: string, upTo: number): Promise<void> {
    for await (const page of streamPages(this.#reader, streamId, upTo))
      for (const event of page) {
        const { isBroken } = standing;
        standing.isBroken ||= linkFault(standing, event) !== undefined;
        standing.version = event.version;
        standing.hash = event.hash;
        if (isBroken) continue;
        try {
          standing.folded = this.#fold.after(standing.folded, event);
        } catch {
          standing.isBroken = true;
        }
      }
  }

  #keep(streamId: string, standing: StreamStanding<Folded>): StreamStanding<Folded> {
    this.#streams.set(streamId, standing);
    if (this.#streams.size >= this.#limit / 2) {
      this.#older = this.#streams;
      this.#streams = new Map();
    }
    return standing;
  }
}

/** How an event does not continue its stream, in words; undefined if it does. */
export function linkFault(
  { version, hash }: Pick<StreamStanding<unknown>, 'version' | 'hash'>,
  event: RawEvent,
): string | undefined {
  if (event.version !== version + 1)
    return version === 0
      ? `has no event before it: versions 1 to ${event.version - 1} are missing`
      : `follows version ${version}: the versions between are missing`;
  if (chainHash(hash, event) !== event.hash)
    return 'does not match its hash: it was changed, or the hash was';
  return undefined;
}
