// Carts that are asked for at the same time: one query, and each user gets the own cart.
import { productIdSchema, userIdSchema, type UserId } from '@orderflow/shared/contracts/ids.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import type { ListedCartLine } from '../src/readmodel/cartLines.ts';
import { createCartsTogether } from '../src/readmodel/cartsTogether.ts';

const LIMIT = 10_001;
const AT = '2026-11-25T08:00:00.000Z';

function user(id: number): UserId {
  return userIdSchema.parse(id);
}

function line(userId: UserId, id: number): ListedCartLine {
  const seen = { createdAt: AT, updatedAt: AT };
  const product = { ...seen, productId: productIdSchema.parse(id), uuid: 'p', name: 'p' };
  return {
    ...{ ...seen, id, uuid: 'c', userId, confirmedOrderCount: 1 },
    product: { ...product, availableQuantity: 5 },
  };
}

/** Carts of so many lines each; every query waits until it is let go, and never ends while somebody `hangs` in it. */
function cartsOf(lineCounts: ReadonlyMap<UserId, number>) {
  const asked: (readonly UserId[])[] = [];
  const gates: (() => void)[] = [];
  const hanging: UserId[] = [];
  let failure: Error | undefined;
  const linesOf = (userId: UserId) =>
    Array.from({ length: lineCounts.get(userId) ?? 0 }, (_, index) => line(userId, index + 1));
  const query = async (userIds: readonly UserId[], give: () => ListedCartLine[]) => {
    asked.push(userIds);
    if (userIds.some((userId) => hanging.includes(userId)))
      await new Promise<never>(() => undefined);
    await new Promise<void>((resolve) => gates.push(resolve));
    if (failure !== undefined) throw failure;
    return give();
  };
  const list = createCartsTogether({
    one: (userId, after, limit) =>
      query([userId], () =>
        linesOf(userId)
          .filter(({ id }) => id > after)
          .slice(0, limit),
      ),
    many: (userIds, limit) =>
      query(userIds, () =>
        [...userIds]
          .sort((a, b) => a - b)
          .flatMap(linesOf)
          .slice(0, limit),
      ),
  });
  return {
    list,
    asked,
    /** Lets the queries go on until all of these have their answer. */
    async answer<T>(lists: readonly Promise<T>[]): Promise<T[]> {
      const opening = setInterval(() => {
        for (const open of gates.splice(0)) open();
      });
      await Promise.allSettled(lists);
      clearInterval(opening);
      return Promise.all(lists);
    },
    hang: (...userIds: readonly UserId[]) => void hanging.push(...userIds),
    failBy: (error: Error | undefined) => (failure = error),
  };
}

describe('carts that are asked for at the same time', () => {
  const [ann, bob, eve] = [user(1), user(2), user(3)];

  it('are read by one query, but for the first, which goes out alone', async () => {
    const carts = cartsOf(
      new Map([
        [ann, 1],
        [bob, 2],
      ]),
    );
    const lists = [ann, bob, eve, bob].map((userId) => carts.list(userId, 0, LIMIT));
    const answers = await carts.answer(lists);
    expect(answers.map((lines) => lines.map(({ userId, id }) => [userId, id]))).toEqual([
      [[ann, 1]],
      [
        [bob, 1],
        [bob, 2],
      ],
      [],
      [
        [bob, 1],
        [bob, 2],
      ],
    ]);
    expect(carts.asked).toEqual([[ann], [bob, eve]]);
  });

  it('do not join a query that is under way: it may not see what they must see', async () => {
    const carts = cartsOf(new Map([[ann, 1]]));
    await carts.answer([carts.list(ann, 0, LIMIT), carts.list(ann, 0, LIMIT)]);
    expect(carts.asked).toEqual([[ann], [ann]]);
  });

  it('are asked for again, one by one, where a long cart has cut the answer off', async () => {
    const carts = cartsOf(
      new Map([
        [ann, 3],
        [bob, 6_000],
        [eve, 2],
      ]),
    );
    const lists = [ann, ann, bob, eve].map((userId) => carts.list(userId, 0, LIMIT));
    const answers = await carts.answer(lists);
    expect(answers.map(({ length }) => length)).toEqual([3, 3, 6_000, 2]);
    expect(carts.asked).toEqual([[ann], [ann, bob, eve], [bob], [eve]]);
  });

  it('are asked for alone, and cut nobody off, once they are known to be long', async () => {
    const carts = cartsOf(
      new Map([
        [ann, 501],
        [bob, 500],
      ]),
    );
    await carts.answer([carts.list(ann, 0, LIMIT), carts.list(bob, 0, LIMIT)]);
    carts.asked.length = 0;
    const lists = [eve, ann, bob, eve, ann].map((userId) => carts.list(userId, 0, LIMIT));
    const answers = await carts.answer(lists);
    expect(answers.map(({ length }) => length)).toEqual([0, 501, 500, 0, 501]);
    expect(carts.asked).toEqual([[eve], [ann], [ann], [bob, eve]]);
  });

  it('give no more lines than were asked for, and the rest from where it was asked for', async () => {
    const carts = cartsOf(new Map([[ann, 5]]));
    const lists = [carts.list(ann, 0, 2), carts.list(ann, 2, 2)];
    const answers = await carts.answer(lists);
    expect(answers.map((lines) => lines.map(({ id }) => id))).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('all fail by a query that fails, and those after it do not', async () => {
    const carts = cartsOf(new Map([[ann, 1]]));
    carts.failBy(new Error('away'));
    const lists = [ann, bob].map((userId) => carts.list(userId, 0, LIMIT));
    await expect(carts.answer(lists)).rejects.toThrow('away');
    await expect(lists[1]).rejects.toThrow('away');
    carts.failBy(undefined);
    expect(await carts.answer([carts.list(ann, 0, LIMIT)])).toHaveLength(1);
  });

  it('do not fail by a query that they were not asked for in', async () => {
    const carts = cartsOf(new Map([[bob, 1]]));
    carts.failBy(new Error('away'));
    const first = carts.list(ann, 0, LIMIT);
    const waiting = carts.list(bob, 0, LIMIT);
    // The second query goes out when the first has failed, and is let go later.
    first.catch(() => carts.failBy(undefined));
    expect(await carts.answer([waiting])).toHaveLength(1);
    await expect(first).rejects.toThrow('away');
  });

  it('are not held up by a query that hangs, until four of them do', async () => {
    const carts = cartsOf(new Map([[ann, 1]]));
    const hung = [user(11), user(12), user(13), user(14)] as const;
    carts.hang(...hung);
    for (const userId of hung.slice(0, 3)) {
      void carts.list(userId, 0, LIMIT);
      await eventually(() => carts.asked.flat().includes(userId), 'it is asked for');
    }
    const answered = carts.list(ann, 0, LIMIT);
    expect(await carts.answer([answered])).toHaveLength(1);
    void carts.list(hung[3], 0, LIMIT);
    await eventually(() => carts.asked.flat().includes(hung[3]), 'the fourth is asked for');
    const before = carts.asked.length;
    void carts.list(ann, 0, LIMIT);
    // As long as it took the others to go out beside one that hangs.
    const other = cartsOf(new Map());
    other.hang(bob);
    void other.list(bob, 0, LIMIT);
    void other.list(eve, 0, LIMIT);
    await eventually(() => other.asked.length === 2, 'another process lets the next one go');
    expect(carts.asked).toHaveLength(before);
  });

  it('are refused at once when too many wait, and the others are answered', async () => {
    const carts = cartsOf(new Map([[ann, 1]]));
    // The first is under way and waits no more.
    const lists = Array.from({ length: 10_001 }, () => carts.list(ann, 0, LIMIT));
    await expect(carts.list(bob, 0, LIMIT)).rejects.toMatchObject({ retryable: true });
    const answers = await carts.answer(lists);
    expect(answers.every(({ length }) => length === 1)).toBe(true);
  });
});
