// What the contenders are put through.
import type { ScenarioName } from './results.ts';

/** A scenario whose load is requests at once. `backlog` is none of these: see backlog.ts. */
export interface Scenario {
  readonly name: Exclude<ScenarioName, 'backlog'>;
  readonly productCount: number;
  /** Of each product. */
  readonly stock: number;
  readonly userCount: number;
  /** Its users are those from this one on, so that other scenarios have not filled their carts. */
  readonly firstUser: number;
  /** Share of requests that are `GET /order?userId=…`: one user's cart, which every contender answers alike. */
  readonly readShare: number;
  /** Each user orders once, and then the load ends. */
  readonly eachUserOnce: boolean;
}

const AMPLE = 1_000_000;
const COMMON = { firstUser: 0, userCount: 2_000, readShare: 0, eachUserOnce: false } as const;

/** How much of the scenarios is done. */
export interface Extent {
  readonly spreadProducts: number;
  readonly dropBuyers: number;
}

/** As a full benchmark has it. */
export const AMPLE_EXTENT: Extent = { spreadProducts: 1_000, dropBuyers: 20_000 };

/** The scenarios, in the order in which they are run. */
export function scenarios({ spreadProducts, dropBuyers }: Extent): readonly Scenario[] {
  return [
    // One product that everybody wants, and enough of it.
    { ...COMMON, name: 'hot', productCount: 1, stock: AMPLE },
    { ...COMMON, name: 'spread', productCount: spreadProducts, stock: AMPLE },
    // Too little for most: refusals.
    {
      ...COMMON,
      name: 'drop',
      productCount: 1,
      stock: 500,
      userCount: dropBuyers,
      eachUserOnce: true,
    },
    // Few users and products: every cart is full after the warm-up, and equally long for the quick and the slow.
    {
      ...COMMON,
      name: 'mixed',
      productCount: 2,
      stock: AMPLE,
      firstUser: dropBuyers,
      userCount: 500,
      readShare: 0.8,
    },
    { ...COMMON, name: 'lone', productCount: 1, stock: AMPLE },
  ];
}

/** The one scenario of that name. */
export function scenarioOf(name: Scenario['name'], extent: Extent): Scenario {
  const found = scenarios(extent).find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no scenario ${name}`);
  return found;
}

/** How many users a contender needs for all of them. */
export function usersNeeded(list: readonly Scenario[]): number {
  return Math.max(1, ...list.map(({ firstUser, userCount }) => firstUser + userCount));
}
