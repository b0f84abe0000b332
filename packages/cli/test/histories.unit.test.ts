// What consumers know of a restore, where somebody has changed what they know.
import type { LogHistory } from '@orderflow/shared/messaging/chain.ts';
import { Findings } from '../src/verify/findings.ts';
import { tellHistories } from '../src/verify/histories.ts';

/** Every log has 10 positions of incarnation 1, and 5 of incarnation 70, as which all was restored. */
const ends = new Map([
  [1, 10],
  [70, 15],
]);
const history = (newest: number, last = 10): LogHistory => ({
  newest,
  kept: new Map([
    [1, last],
    [newest, 0],
  ]),
});
const AS_RESTORED: Readonly<Record<string, LogHistory | undefined>> = {
  'users.v1': history(70),
  'inventory.v1': history(70),
  'orders.v1': history(70),
};

/** The breaches, by what orders knows of the two topics that it reads, and inventory of orders.v1. */
function breaches(
  change: Readonly<Record<string, LogHistory | undefined>>,
  incarnation = 70,
  log: ReadonlyMap<number, number> = ends,
): readonly string[] {
  const known = Object.entries({ ...AS_RESTORED, ...change });
  const of = (isRead: (topic: string) => boolean) => ({
    histories: new Map(
      known.flatMap(([topic, each]) =>
        each !== undefined && isRead(topic) ? [[topic, each] as const] : [],
      ),
    ),
  });
  const findings = new Findings();
  const head = { incarnation };
  tellHistories({
    topics: {
      users: { topic: 'users.v1' },
      inventory: { topic: 'inventory.v1' },
      orders: { topic: 'orders.v1' },
    },
    logs: { users: { ends: log }, inventory: { ends: log }, orders: { ends: log } },
    heads: { users: head, inventory: head, orders: head },
    cursors: {
      users: of(() => false),
      inventory: of((topic) => topic === 'orders.v1'),
      orders: of((topic) => topic !== 'orders.v1'),
    },
    findings,
  });
  return findings.breaches.map(({ text }) => text);
}

const nobody = { 'users.v1': undefined, 'inventory.v1': undefined, 'orders.v1': undefined };

describe('Histories of restored publishers', () => {
  it('as a restore writes them are no breach, nor is it if there was none, or a failover after it', () => {
    expect(breaches({})).toEqual([]);
    expect(breaches(nobody)).toEqual([]);
    expect(breaches({}, 71)).toEqual([]);
  });

  it('of which one was removed are named', () => {
    expect(breaches({ 'orders.v1': undefined })).toEqual([
      'publisher_histories of inventory says of orders.v1 nothing, others are of incarnation 70',
    ]);
    expect(breaches({ 'users.v1': undefined })).toEqual([
      'publisher_histories of orders says of users.v1 nothing, others are of incarnation 70',
    ]);
  });

  it('of which one lost its newest row, or had it lowered or raised, are named', () => {
    const only = { newest: 1, kept: new Map([[1, 10]]) };
    const fresh = new Map([[1, 10]]);
    expect(breaches({ 'orders.v1': only }, 70, fresh)).toEqual([
      'publisher_histories of inventory says of orders.v1 that it was restored as incarnation 1, others are of incarnation 70',
    ]);
    expect(breaches({ 'users.v1': history(69) })).toEqual([
      'publisher_histories of orders says of users.v1 that it was restored as incarnation 69, others are of incarnation 70',
    ]);
    expect(breaches({ 'users.v1': history(71) }, 70, fresh)).toEqual([
      'publisher_histories of orders says of users.v1 that it was restored as incarnation 71, log_head of users has 70',
    ]);
  });

  it('that say of an earlier incarnation what its log does not have are named', () => {
    expect(breaches({ 'inventory.v1': history(70, 9) })).toEqual([
      'publisher_histories of orders says that inventory.v1 counts up to position 9 of incarnation 1, the log of inventory has it up to 10',
    ]);
  });
});
