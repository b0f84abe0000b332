// The engine under the read models refuses folds that a transaction could not keep.
import { createProjectionEngine } from '../../src/eventstore/projectionEngine.ts';
import type { Projection, Row } from '../../src/eventstore/projection.ts';
import {
  counted,
  opened,
  talliesProjection,
  talliesTable,
  type TallyEvent,
} from '../../src/testing/tallyDomain.ts';

const pairs = { name: 'pairs', key: ['a', 'b'], columns: ['a', 'b', 'n'] };
const noRows = new Map<string, readonly Row[]>();

function projection(parts: Partial<Projection<TallyEvent>>): Projection<TallyEvent> {
  return { name: 'test', tables: [pairs], rowsOf: () => [], apply: () => undefined, ...parts };
}

describe('The projection engine', () => {
  it('names each touched row once, in one order for all transactions', () => {
    const keys = [
      [10, 'x'],
      [9, 'y'],
      [9, 'b'],
      [10, 'x'],
    ];
    const engine = createProjectionEngine([
      talliesProjection,
      projection({ rowsOf: () => keys.map((key) => ({ table: 'pairs', key })) }),
    ]);
    const sorted = [
      [9, 'b'],
      [9, 'y'],
      [10, 'x'],
    ];
    expect(engine.touchedRows([counted('b'), counted('a')])).toEqual([
      { table: pairs, keys: sorted, keysToRead: sorted },
      { table: talliesTable, keys: [['a'], ['b']], keysToRead: [['a'], ['b']] },
    ]);
  });

  it('has no row read that one of the events makes', () => {
    const engine = createProjectionEngine([
      projection({
        rowsOf: ({ type }) => [
          { table: 'pairs', key: [1, type] },
          { table: 'pairs', key: [2, type], isNew: type === 'TallyOpened' },
        ],
      }),
    ]);
    const [touched] = engine.touchedRows([counted('a'), opened('a')]);
    expect(touched?.keys).toHaveLength(4);
    expect(touched?.keysToRead).toEqual([
      [1, 'Counted'],
      [1, 'TallyOpened'],
      [2, 'Counted'],
    ]);
  });

  it('tells new rows from changed ones, and leaves out those that no fold has written', () => {
    const row = (a: number, n: number) => ({ a, b: 'x', n });
    const engine = createProjectionEngine([
      projection({
        rowsOf: () => [1, 2, 3].map((a) => ({ table: 'pairs', key: [a, 'x'] })),
        apply: (_event, rows) => {
          for (const a of [2, 1])
            rows.put('pairs', row(a, Number(rows.get('pairs', a, 'x')?.n ?? 0) + 1));
        },
      }),
    ]);
    const existing = new Map([['pairs', [row(2, 5), row(3, 5)]]]);
    const events = [counted('a'), counted('a')];
    expect(engine.fold(events, existing, engine.touchedRows(events))).toEqual([
      { table: pairs, inserted: [row(1, 2)], updated: [row(2, 7)] },
    ]);
  });

  it.each<[string, Partial<Projection<TallyEvent>>, string]>([
    [
      'reads a row that it has not named',
      {
        rowsOf: () => [{ table: 'pairs', key: [1, 'x'] }],
        apply: (_e, rows) => void rows.get('pairs', 2, 'x'),
      },
      'unnamed',
    ],
    [
      'writes a row that it has not named',
      {
        rowsOf: () => [{ table: 'pairs', key: [1, 'x'] }],
        apply: (_e, rows) => {
          rows.put('pairs', { a: 2, b: 'x', n: 1 });
        },
      },
      'unnamed',
    ],
    [
      'uses a table of which it has named no row',
      { apply: (_e, rows) => void rows.get('pairs', 1, 'x') },
      'named no row',
    ],
    [
      'names a row of a table that nobody owns',
      { rowsOf: () => [{ table: 'other', key: [1] }] },
      'No projection owns',
    ],
    [
      'leaves a column out',
      {
        rowsOf: () => [{ table: 'pairs', key: [1, 'x'] }],
        apply: (_e, rows) => {
          rows.put('pairs', { a: 1, b: 'x' });
        },
      },
      'has a,b,n',
    ],
    [
      'puts a fraction',
      {
        rowsOf: () => [{ table: 'pairs', key: [1, 'x'] }],
        apply: (_e, rows) => {
          rows.put('pairs', { a: 1, b: 'x', n: 0.5 });
        },
      },
      'whole numbers',
    ],
  ])('refuses a fold that %s', (_what, parts, message) => {
    const engine = createProjectionEngine([projection(parts)]);
    const events = [counted('a')];
    expect(() => engine.fold(events, noRows, engine.touchedRows(events))).toThrow(message);
  });

  it('refuses two projections of one table', () => {
    expect(() => createProjectionEngine([projection({}), projection({})])).toThrow(
      'Two projections',
    );
  });
});
