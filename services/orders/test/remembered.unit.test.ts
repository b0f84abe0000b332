// What orders asks its own database about users and products: together, and once.
import {
  productIdSchema,
  userIdSchema,
  type ProductId,
  type UserId,
} from '@orderflow/shared/contracts/ids.ts';
import { createKnownUsers } from '../src/readmodel/knownUsers.ts';
import { createProducts, type KnownProduct } from '../src/readmodel/products.ts';

const user = (id: number) => userIdSchema.parse(id);
const product = (id: number) => productIdSchema.parse(id);

/** A database that knows the users with even ids, and answers when it is told to. */
function usersDatabase() {
  const asked: UserId[][] = [];
  const answers: ((error?: Error) => void)[] = [];
  const findKnown = (userIds: readonly UserId[]) => {
    asked.push([...userIds]);
    return new Promise<ReadonlySet<UserId>>((resolve, reject) => {
      answers.push((error) => {
        if (error === undefined) resolve(new Set(userIds.filter((id) => id % 2 === 0)));
        else reject(error);
      });
    });
  };
  return { asked, findKnown, answer: (error?: Error) => answers.shift()?.(error) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('users', () => {
  it('are asked about together: those that come during a query go into the next', async () => {
    const database = usersDatabase();
    const users = createKnownUsers(database);
    const first = [1, 2, 2].map((id) => users.has(user(id)));
    await turn();
    const second = [3, 4].map((id) => users.has(user(id)));
    await turn();
    expect(database.asked).toEqual([[1, 2]]);
    database.answer();
    expect(await Promise.all(first)).toEqual([false, true, true]);
    await turn();
    expect(database.asked).toEqual([
      [1, 2],
      [3, 4],
    ]);
    database.answer();
    expect(await Promise.all(second)).toEqual([false, true]);
  });

  it('are remembered when they are known, up to a limit, and asked about again when they are not', async () => {
    const database = usersDatabase();
    const users = createKnownUsers(database, 2);
    const has = async (id: number) => {
      const known = users.has(user(id));
      await turn();
      database.answer();
      return known;
    };
    for (const id of [1, 2, 2, 1, 4, 6, 4, 2]) expect(await has(id)).toBe(id % 2 === 0);
    expect(database.asked.flat()).toEqual([1, 2, 1, 4, 6, 2]);
  });

  it('are asked about again after a query has failed, which those hear who asked by it', async () => {
    const database = usersDatabase();
    const users = createKnownUsers(database);
    const failing = Promise.allSettled([users.has(user(2)), users.has(user(4))]);
    await turn();
    const next = users.has(user(2));
    const away = new Error('away');
    database.answer(away);
    expect((await failing).map((each) => each.status)).toEqual(['rejected', 'rejected']);
    await turn();
    database.answer();
    expect(await next).toBe(true);
  });
});

describe('products', () => {
  const at = '2026-11-22T11:07:18.764Z';
  const known = (productId: ProductId): KnownProduct => ({
    ...{ productId, uuid: `uuid-${productId}`, name: `product ${productId}`, createdAt: at },
    ...{ availableQuantity: 1, updatedAt: at },
  });

  it('are asked for once and remembered up to a limit; unknown ones are asked for again', async () => {
    const asked: ProductId[][] = [];
    const products = createProducts(
      {
        find: (productIds) => {
          asked.push([...productIds]);
          const found = productIds.filter((id) => id < 100);
          return Promise.resolve(new Map(found.map((id) => [id, known(id)])));
        },
      },
      2,
    );
    const namesOf = async (...ids: number[]) =>
      [...(await products.find(ids.map(product))).values()].map(({ name }) => name);
    expect(await namesOf(1, 2)).toEqual(['product 1', 'product 2']);
    expect(await namesOf(2, 1)).toEqual(['product 2', 'product 1']);
    expect(await namesOf(3, 100)).toEqual(['product 3']);
    // All in one answer, though there is no room for one of them.
    expect((await namesOf(1, 2, 3)).toSorted()).toEqual(['product 1', 'product 2', 'product 3']);
    expect(await namesOf(100)).toEqual([]);
    expect(asked).toEqual([[1, 2], [3, 100], [1], [100]]);
  });
});
