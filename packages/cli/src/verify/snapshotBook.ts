// The snapshots of one service, compared with the folds of their streams while its log is read (promise P6).
import { hash } from 'node:crypto';
import type { StateCodec } from '@orderflow/shared/messaging/loadStates.ts';
import type { DataService } from '../config.ts';
import type { Findings } from './findings.ts';
import { readArrays, type RawEvent, type Reader } from './rawEvents.ts';

/** What a snapshot says, as far as it is kept: some 200 bytes. */
interface KeptSnapshot {
  readonly version: number;
  /** Of the event at that version, hex. */
  readonly hash: string;
  /** Of the state, 52 bits; undefined if the state cannot be read. */
  readonly digest: number | undefined;
}

/** Rows in a page: a state has few kilobytes as a rule. */
const PAGE_ROWS = 500;
/** Characters of a state that a breach shows: a large one has kilobytes, and a hundred breaches are told. */
const SHOWN_STATE_CHARACTERS = 1_000;
/** A stream has its first snapshot at its hundredth event: so many are of a log of ten million events at least. */
const KEPT_SNAPSHOTS = 100_000;

/** The snapshots of one service. */
export class SnapshotBook<State> {
  readonly #service: DataService;
  readonly #codec: StateCodec<State> | undefined;
  readonly #findings: Findings;
  readonly #limit: number;
  readonly #byStream = new Map<string, KeptSnapshot>();
  #beyond = 0;
  #passedOver = 0;

  constructor(
    service: DataService,
    codec: StateCodec<State> | undefined,
    findings: Findings,
    limit = KEPT_SNAPSHOTS,
  ) {
    this.#service = service;
    this.#codec = codec;
    this.#findings = findings;
    this.#limit = limit;
  }

  /** Reads what there is, before the log is read. */
  async load(reader: Reader): Promise<void> {
    const sql = `SELECT stream_id, version, hash, state_schema_version, state FROM snapshots
      WHERE stream_id > ? ORDER BY stream_id LIMIT ${PAGE_ROWS}`;
    for (let last = ''; ;) {
      const page = await readArrays(reader, sql, [last]);
      for (const row of page) last = this.#keep(row);
      if (page.length < PAGE_ROWS) return;
    }
  }

  /** The stream was read up to this event, and its fold is known: if a snapshot says what it is there, it must say that. */
  take({ streamId, version, hash: eventHash }: RawEvent, state: State): void {
    const snapshot = this.#byStream.get(streamId);
    if (snapshot?.version !== version || this.#codec === undefined) return;
    this.#byStream.delete(streamId);
    this.#findings.checked('P6');
    const name = this.#nameOf(streamId, version);
    if (snapshot.hash !== eventHash)
      this.#findings.breach(
        'P6',
        `${name} says hash ${snapshot.hash}, the event at that version has ${eventHash}`,
      );
    const folded = this.#codec.serialize(state);
    if (snapshot.digest === undefined)
      this.#findings.breach('P6', `${name} cannot be read, the fold is ${shown(folded)}`);
    else if (snapshot.digest !== this.#digestOf(folded))
      this.#findings.breach(
        'P6',
        `${name} has another state than the fold, which is ${shown(folded)}`,
      );
  }

  /** The stream is damaged: nothing can be said of its snapshot, if the damage stands before it. */
  leaveOut({ streamId, version }: RawEvent): void {
    if (version <= (this.#byStream.get(streamId)?.version ?? 0)) this.#byStream.delete(streamId);
  }

  /** The log was read: gives what was not compared, in words. */
  close(): readonly string[] {
    for (const [streamId, { version }] of this.#byStream) {
      this.#findings.checked('P6');
      const where = `the log of ${this.#service} has no such version`;
      this.#findings.breach('P6', `${this.#nameOf(streamId, version)}: ${where}`);
    }
    const snapshots = `snapshots of ${this.#service}`;
    return [
      ...(this.#beyond > 0 ? [`${this.#beyond} ${snapshots}: more than are compared`] : []),
      ...(this.#passedOver > 0
        ? [
            `${this.#passedOver} ${snapshots} that this build passes over: of another schema version`,
          ]
        : []),
    ];
  }

  /** Gives the stream's id. */
  #keep([streamId, version, eventHash, schemaVersion, state]: readonly unknown[]): string {
    if (
      typeof streamId !== 'string' ||
      typeof version !== 'number' ||
      !Buffer.isBuffer(eventHash) ||
      typeof state !== 'string'
    )
      throw new Error(`A row of snapshots of ${this.#service} has unknown columns`);
    if (schemaVersion !== this.#codec?.schemaVersion) this.#passedOver += 1;
    else if (this.#byStream.size >= this.#limit) this.#beyond += 1;
    else
      this.#byStream.set(streamId, {
        ...{ version, hash: eventHash.toString('hex') },
        digest: this.#digestOf(state),
      });
    return streamId;
  }

  /**
   * Of the state as this build writes what it has read: an earlier one may have written its fields in another order, and
   * what `evolve` makes may have another order than what `parse` gives. So the fold goes the same way.
   */
  #digestOf(text: string): number | undefined {
    try {
      return this.#codec && digestOf(this.#codec.serialize(this.#codec.parse(text)));
    } catch {
      return undefined;
    }
  }

  #nameOf(streamId: string, version: number): string {
    return `snapshot of ${streamId} of ${this.#service} at version ${version}`;
  }
}

function shown(state: string): string {
  return state.length <= SHOWN_STATE_CHARACTERS
    ? state
    : `${state.slice(0, SHOWN_STATE_CHARACTERS)}…`;
}

function digestOf(text: string): number {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 13), 16);
}
