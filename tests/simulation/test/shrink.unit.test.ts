import { shrink } from '../shrink.ts';

const fails =
  (...needed: readonly number[]) =>
  (some: readonly number[]): Promise<boolean> =>
    Promise.resolve(needed.every((one) => some.includes(one)));

describe('shrinking a list of faults', () => {
  test('leaves the one that is needed', async () => {
    expect(await shrink([1, 2, 3, 4, 5, 6], fails(4))).toEqual([4]);
  });

  test('leaves those that are needed together, wherever they stand', async () => {
    expect(await shrink([1, 2, 3, 4, 5, 6], fails(1, 6))).toEqual([1, 6]);
    expect(await shrink([1, 2, 3, 4, 5], fails(2, 3, 5))).toEqual([2, 3, 5]);
  });

  test('leaves nothing where nothing is needed', async () => {
    expect(await shrink([1, 2, 3], fails())).toEqual([]);
  });

  test('leaves out one that another one was in the way of', async () => {
    // 3 can be left out only when 2 is gone.
    const odd = (some: readonly number[]) =>
      Promise.resolve(some.includes(1) && (!some.includes(2) || some.includes(3)));
    expect(await shrink([1, 3, 2], odd)).toEqual([1]);
  });

  test('ends when its tries are used up, with a list that still fails', async () => {
    const all = Array.from({ length: 40 }, (_, index) => index);
    const left = await shrink(all, fails(7, 21, 33), 5);
    expect(left).toEqual(expect.arrayContaining([7, 21, 33]));
  });
});
