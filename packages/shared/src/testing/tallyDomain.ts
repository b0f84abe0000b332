// A small domain for the tests of the event store: tallies that count, and a fact that others tell about them.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventCodec, EventMetadata, StreamAppend } from '../eventstore/eventStore.ts';
import type { Projection, ReadModelTable, Row } from '../eventstore/projection.ts';

export type TallyEvent =
  | { readonly type: 'TallyOpened'; readonly data: { at: string; tally: string; name: string } }
  | { readonly type: 'Counted'; readonly data: { at: string; tally: string; amount: number } };

/** Others' event: they have looked at a tally. */
export interface TallySeen extends DomainEvent {
  readonly type: 'TallySeen';
  readonly data: { readonly at: string; readonly tally: string };
}

export const AT = '2026-01-02T03:04:05.678Z';

export function opened(tally: string, name = tally): TallyEvent {
  return { type: 'TallyOpened', data: { at: AT, tally, name } };
}

export function counted(tally: string, amount = 1): TallyEvent {
  return { type: 'Counted', data: { at: AT, tally, amount } };
}

export function seen(tally: string): TallySeen {
  return { type: 'TallySeen', data: { at: AT, tally } };
}

export const METADATA: EventMetadata = { correlationId: 'correlation', causationId: 'cause' };

/** An append of these events to a stream at that version. */
export function append(
  streamId: string,
  expectedVersion: number,
  ...events: readonly TallyEvent[]
): StreamAppend<TallyEvent> {
  const recorded = events.map((event) => ({ event, metadata: METADATA }));
  return { streamId, expectedVersion, events: recorded };
}

export const tallyCodec: EventCodec<TallyEvent> = {
  schemaVersionOf: () => 1,
  // Trusts what it reads: codecs have tests of their own.
  parse: (type, _schemaVersion, data) => ({ type, data }) as TallyEvent,
};

/** The read model: what each tally has counted, and how often it was seen. */
export const talliesTable: ReadModelTable = {
  name: 'tallies',
  key: ['tally'],
  columns: ['tally', 'name', 'total', 'seen', 'history'],
};

/** Rows beside the events, with a unique constraint. */
export const secretsTable: ReadModelTable = {
  name: 'secrets',
  key: ['id'],
  columns: ['id', 'secret'],
};

export const SECRET_TAKEN = 'uq_secrets_secret';
export const NAME_TAKEN = 'uq_tallies_name';
export const uniqueKeys = [
  { name: SECRET_TAKEN, table: 'secrets', columns: ['secret'] },
  { name: NAME_TAKEN, table: 'tallies', columns: ['name'] },
];

/** `history` has a letter for each event, so that the order of the folds shows. */
export const talliesProjection: Projection<TallyEvent | TallySeen> = {
  name: 'tallies',
  tables: [talliesTable],
  rowsOf: ({ data }) => [{ table: 'tallies', key: [data.tally] }],
  apply(event, rows) {
    const { tally } = event.data;
    const row = rows.get('tallies', tally) ?? emptyTally(tally);
    switch (event.type) {
      case 'TallyOpened':
        rows.put('tallies', { ...row, name: event.data.name, history: `${text(row)}o` });
        return;
      case 'Counted': {
        const total = Number(row.total) + event.data.amount;
        rows.put('tallies', { ...row, total, history: `${text(row)}c` });
        return;
      }
      case 'TallySeen':
        rows.put('tallies', { ...row, seen: Number(row.seen) + 1, history: `${text(row)}s` });
        return;
    }
  },
};

function emptyTally(tally: string): Row {
  return { tally, name: tally, total: 0, seen: 0, history: '' };
}

function text(row: Row): string {
  return String(row.history);
}
