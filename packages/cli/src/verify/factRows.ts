// Rows that others' messages make, as they were before a message and as they are behind it: by them a row tells whether its
// service has handled the message, and so whether the cursor of that service is right.
import type { Row } from '@orderflow/shared/eventstore/projection.ts';

/** A message that leads to nothing but rows, as a witness of where its reader's cursor must stand. */
export interface RowWitness {
  /** How reports name the message, and the cursor that has passed it or has not. */
  readonly message: string;
  readonly cursor: string;
  /** Told of a row that shows the message as handled, though the cursor has not passed it. */
  readonly onHandled: (row: string) => void;
}

/** States kept of rows behind messages that wait: what is beyond is told of the row, and not of the cursor. */
const STATES_AHEAD = 50_000;
/** States kept of rows before the messages handled last: a cursor that was moved on has jumped over what was in flight. */
const STATES_BEFORE = 4_000;

/** The states of one service's rows around others' messages. */
export class FactRows {
  /** Rows behind the messages that wait, by table and key. */
  readonly #ahead = new Map<string, Row>();
  /** By row and state: the first message behind which it is so. */
  readonly #statesAhead = new Map<string, RowWitness>();
  /** By row and state: the first message before which it was so. Those noted of late, and those before them, which leave next. */
  #statesBefore = new Map<string, RowWitness>();
  #olderBefore = new Map<string, RowWitness>();

  /** The row behind the messages that wait; undefined if they do not touch it. */
  ahead(row: string): Row | undefined {
    return this.#ahead.get(row);
  }

  /** A message that waits would make this of a row. */
  noteAhead(row: string, values: Row, state: string, witness: RowWitness): void {
    if (this.#statesAhead.size >= STATES_AHEAD) return;
    this.#ahead.set(row, values);
    const name = stateName(row, state);
    if (!this.#statesAhead.has(name)) this.#statesAhead.set(name, witness);
  }

  /** A message was handled that has found a row so; undefined: it was not there. */
  noteBefore(row: string, state: string | undefined, witness: RowWitness): void {
    this.#statesBefore.set(stateName(row, state), witness);
    if (this.#statesBefore.size < STATES_BEFORE / 2) return;
    this.#olderBefore = this.#statesBefore;
    this.#statesBefore = new Map();
  }

  /** The message that waits and makes this of the row; undefined if none does. */
  madeBy(row: string, state: string): RowWitness | undefined {
    return this.#statesAhead.get(stateName(row, state));
  }

  /** The message that was handled, and had found the row so; undefined if none had. */
  foundBy(row: string, state: string | undefined): RowWitness | undefined {
    const name = stateName(row, state);
    return this.#statesBefore.get(name) ?? this.#olderBefore.get(name);
  }
}

function stateName(row: string, state: string | undefined): string {
  return `${row}\0${state ?? ''}`;
}
