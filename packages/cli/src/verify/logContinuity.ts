// Whether a log has all of its positions, in order, up to its head (promise P9).
import type { DataService } from '../config.ts';
import type { Findings } from './findings.ts';
import type { RawEvent } from './rawEvents.ts';

/** What is known of a log before it is read. */
interface LogBounds {
  readonly head: { readonly incarnation: number; readonly position: number };
  readonly since: number;
  readonly findings: Findings;
}

/** The positions of one log, as they are read. */
export class LogContinuity {
  readonly #service: DataService;
  readonly #bounds: LogBounds;
  #incarnation = 0;
  readonly #ends = new Map<number, number>();
  /** The position that was taken last. */
  position: number;

  constructor(service: DataService, bounds: LogBounds) {
    this.#service = service;
    this.#bounds = bounds;
    this.position = bounds.since;
  }

  /** By incarnation: its last position so far. */
  get ends(): ReadonlyMap<number, number> {
    return this.#ends;
  }

  /** Takes the next event. */
  take({ position, incarnation, streamId, version }: RawEvent): void {
    const next = this.position + 1;
    if (position !== next)
      this.#tell(
        `${positions(next, position - 1)} of ${this.#service} missing: behind ${this.position} comes ${position} (${streamId} version ${version})`,
      );
    if (incarnation < this.#incarnation)
      this.#tell(
        `event ${position} of ${this.#service} has incarnation ${incarnation}, the one before it ${this.#incarnation}`,
      );
    this.position = position;
    this.#ends.set(incarnation, position);
    this.#incarnation = Math.max(incarnation, this.#incarnation);
  }

  /** The log has no more: its head must say so. */
  close(): void {
    const { head } = this.#bounds;
    if (this.position < head.position)
      this.#tell(
        `${positions(this.position + 1, head.position)} of ${this.#service} missing: log_head says ${head.position}`,
      );
    if (this.position > head.position)
      this.#tell(
        `the log of ${this.#service} goes on to position ${this.position}, but log_head says ${head.position}`,
      );
    if (this.#incarnation > head.incarnation)
      this.#tell(
        `the log of ${this.#service} has events of incarnation ${this.#incarnation}, but log_head says ${head.incarnation}`,
      );
  }

  #tell(text: string): void {
    this.#bounds.findings.breach('P9', text);
  }
}

function positions(first: number, last: number): string {
  return first === last ? `position ${first}` : `positions ${first} to ${last}`;
}
