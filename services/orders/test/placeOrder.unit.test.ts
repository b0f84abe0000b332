// A repeat of an order that exists is never told that it does not: whatever fails, and whoever is not known any more.
import { randomUUID } from 'node:crypto';
import { orderIdSchema, productIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { createMemoryEventStore } from '@orderflow/shared/eventstore/memoryEventStore.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import { ordersParts } from '../src/app.ts';
import type { RequestOrder } from '../src/domain/decideOrder.ts';
import type { OrderEvent } from '../src/domain/order.ts';
import { placeOrder, type PlaceOrderDeps } from '../src/http/placeOrder.ts';
import type { OrdersFact } from '../src/messaging/inbound.ts';
import type { OrderView } from '../src/readmodel/orders.ts';

const metadata = { correlationId: 'c', causationId: 'c' };
const away = new AppError('database_unavailable', 'away', { retryable: true });
const command: RequestOrder = {
  type: 'RequestOrder',
  orderId: orderIdSchema.parse(randomUUID()),
  userId: userIdSchema.parse(1),
  lines: [{ productId: productIdSchema.parse(7), quantity: 1 }],
  requestHmac: 'a'.repeat(64),
  at: '2026-11-22T11:07:18.764Z',
};
const rejected: OrderView = {
  ...{ orderId: command.orderId, userId: command.userId, status: 'rejected', lines: [] },
  ...{ reason: 'out_of_stock', requestedAt: command.at, decidedAt: command.at },
};

/** Placing orders of a known user that are decided at once; `changes` are what is otherwise. */
function open(changes: Partial<PlaceOrderDeps> = {}) {
  const store = createMemoryEventStore<OrderEvent, OrdersFact>(ordersParts);
  const bugs: unknown[] = [];
  const deps: PlaceOrderDeps = {
    append: (unit) => store.commit([unit]),
    readStreams: (ids) => store.readStreams(ids),
    knownUsers: { has: () => Promise.resolve(true) },
    usersClient: { exists: () => Promise.resolve(false) },
    products: { find: () => Promise.resolve(new Map()) },
    waiters: {
      register: () => ({ outcome: () => Promise.resolve(rejected), release: () => undefined }),
      ...{ isAwaited: () => false, tell: () => undefined, wake: () => undefined },
      close: () => undefined,
    },
    logger: { error: (fields: unknown) => void bugs.push(fields) },
    waitMs: 1_000,
  };
  const place = (
    changed: Partial<PlaceOrderDeps> = {},
    asked = command,
    onAccepted: () => void = () => undefined,
  ) => {
    const all = { ...deps, ...changes, ...changed };
    return placeOrder(all, asked, metadata, { waitMs: 1_000, onAccepted });
  };
  return { place, bugs };
}

const users: [string, Partial<PlaceOrderDeps>][] = [
  ['nobody knows', { knownUsers: { has: () => Promise.resolve(false) } }],
  [
    'nobody can be asked about',
    {
      knownUsers: { has: () => Promise.resolve(false) },
      usersClient: { exists: () => Promise.reject(away) },
    },
  ],
];

describe.each(users)('An order of a user whom %s', (_who, unknownUser) => {
  it('finds its outcome when it is there already', async () => {
    const { place } = open();
    await place();
    expect(await place(unknownUser)).toEqual({
      kind: 'decided',
      order: rejected,
      products: new Map(),
    });
    const other = { ...command, requestHmac: 'b'.repeat(64) };
    expect(await place(unknownUser, other)).toEqual({ kind: 'id_taken_by_another_request' });
  });
});

describe('An order of a user whom nobody knows', () => {
  it('is refused when it is new, and not placed when nobody can be asked', async () => {
    const { place } = open();
    expect(await place(users[0]?.[1])).toEqual({ kind: 'unknown_user' });
    await expect(place(users[1]?.[1])).rejects.toBe(away);
  });
});

describe('A repeat', () => {
  it('that has met the order but cannot read it says that the outcome is unknown', async () => {
    const { place } = open();
    await place();
    await expect(place({ readStreams: () => Promise.reject(away) })).rejects.toMatchObject({
      code: 'outcome_unknown',
      cause: away,
    });
  });
});

describe('A request is told that its order is accepted', () => {
  it('when it is in the log, appended now or before, and not when it is another', async () => {
    const { place } = open();
    const told: string[] = [];
    const tell = (name: string) => () => void told.push(name);
    await place({}, command, tell('new'));
    await place({}, command, tell('repeated'));
    await place({}, { ...command, requestHmac: 'b'.repeat(64) }, tell('other'));
    const another = { ...command, orderId: orderIdSchema.parse(randomUUID()) };
    await place(users[0]?.[1], another, tell('unknown user'));
    const failing = { append: () => Promise.reject(away) };
    await expect(place(failing, another, tell('not appended'))).rejects.toBe(away);
    expect(told).toEqual(['new', 'repeated']);
  });
});

describe('An order that is decided but cannot be shown', () => {
  const withError = (error: Error) => ({ products: { find: () => Promise.reject(error) } });

  it('has an unknown outcome, even by a bug, which is logged as one', async () => {
    const { place, bugs } = open();
    await expect(place(withError(away))).rejects.toMatchObject({ code: 'outcome_unknown' });
    expect(bugs).toEqual([]);
    const bug = new TypeError('a bug');
    await expect(place(withError(bug))).rejects.toMatchObject({ code: 'outcome_unknown' });
    expect(bugs).toEqual([{ err: bug, orderId: command.orderId }]);
  });
});
