// The schedule is the seed's, the results can be gone on with, and the table hides no breach.
import { parseChaosArguments } from './arguments.ts';
import { CELLS } from './cells/cells.ts';
import type { Cell } from './cells/cell.ts';
import { createRandom } from './random.ts';
import { renderResults, runsOf, type Result } from './results.ts';
import { contradictions, createWitness, noteOrder } from './witness.ts';

const cell: Cell = {
  ...{ name: 'kill:x', ground: { brokers: 1, smallDisks: false }, matrixRuns: 20 },
  limitMs: 1_000,
  run: () => Promise.resolve(),
};
const result = (more: Partial<Result>): Result => ({
  ...{
    at: '2026-01-02T03:04:05.000Z',
    commit: 'c0',
    cell: 'kill:x',
    seed: 7,
    runs: 3,
    breaches: [],
  },
  ...{ recoveriesMs: [100, 900, 1_100], orders: 50, loadAverage: 1 },
  ...more,
});

describe('the schedule', () => {
  it('is the same for the same seed, and another for another', () => {
    const order = (seed: number) =>
      createRandom(seed)
        .shuffle(CELLS)
        .map(({ name }) => name);
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
    expect(order(1).sort()).toEqual(CELLS.map(({ name }) => name).sort());
  });

  it('has each cell once, each kill 20 times and all others 5 times at least', () => {
    expect(new Set(CELLS.map(({ name }) => name)).size).toBe(CELLS.length);
    const least = (name: string) => (/^(kill|failpoint)/.test(name) ? 20 : 5);
    expect(CELLS.filter(({ name, matrixRuns }) => matrixRuns < least(name))).toEqual([]);
  });

  it('turns down a cell that is not there', () => {
    expect(() => parseChaosArguments(['--cells', 'kill:nobody'])).toThrow('kill:nobody');
    expect(parseChaosArguments(['--cells', 'kill:broker']).cells.length).toBeGreaterThan(0);
  });
});

describe('the results', () => {
  it('are counted by cell', () => {
    expect(runsOf(cell, [result({}), result({ runs: 2 }), result({ cell: 'kill:y' })])).toBe(5);
  });

  it('become a table that tells breaches, late recoveries and what is missing', () => {
    const table = renderResults(
      [cell],
      [result({}), result({ commit: 'c1', seed: 8, breaches: ['one'] })],
    );
    expect(table).toContain(
      '| kill:x | 6 of 20 | 1 | 900 | 1100 | 1000 | 2 | 100 | 7 8 | c0 c1 | 1.0 |',
    );
    expect(table).toContain('6 runs from 2026-01-02 03:04');
    expect(table).toContain('1 breaches');
    expect(table).toContain('kill:x (6 of 20)');
  });

  it('say why a cell was not run', () => {
    const notRun = result({ runs: 0, recoveriesMs: [], notRun: 'no right to mount' });
    expect(renderResults([cell], [notRun])).toContain('not run: no right to mount');
  });
});

describe('the record of the clients', () => {
  it('contradicts itself when one key had two orders', () => {
    const witness = createWitness();
    const answer = (orderId: string) => ({ orderId, status: 200, text: '' });
    for (const orderId of ['a', 'a']) noteOrder(witness, answer(orderId), 'key');
    expect(contradictions(witness)).toEqual([]);
    noteOrder(witness, answer('b'), 'key');
    expect(contradictions(witness)).toEqual(['Idempotency-Key key had orders a, b']);
  });
});
