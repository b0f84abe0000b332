// What every contender is to the benchmark.
import type { Ground } from '../ground.ts';
import type { MeasuredProcess } from '../processes.ts';
import type { ContenderName } from '../results.ts';

/** What one product's books add up to. */
export interface ProductBook {
  readonly available: number;
  /** Orders that were confirmed, as the place says that records each order. */
  readonly confirmed: number;
  /** Sum of the carts' counts. */
  readonly inCarts: number;
}

/** The books at rest. */
export interface Books {
  readonly products: ReadonlyMap<number, ProductBook>;
  /** What else is wrong, in words. */
  readonly faults: readonly string[];
}

/** A contender that runs. */
export interface RunningContender {
  readonly address: { readonly host: string; readonly port: number };
  readonly processes: readonly MeasuredProcess[];
  /** Makes users and gives their ids. */
  readonly seedUsers: (count: number) => Promise<number[]>;
  /** Makes products with that stock each, and gives their ids. */
  readonly seedProducts: (count: number, stock: number) => Promise<number[]>;
  /** Reads the books of these products once nothing is under way any more. */
  readonly readBooks: (productIds: readonly number[]) => Promise<Books>;
  /** Names of its topics begin with it; undefined: it has none. */
  readonly topicPrefix?: string;
  /** Ends its processes and drops what it made. */
  readonly close: () => Promise<void>;
}

/** A contender. */
export interface Contender {
  readonly name: ContenderName;
  /** '' where there is one variant only. */
  readonly variant: string;
  /** The pool sizes that the sweep tries. */
  readonly poolSizes: readonly number[];
  /** Taken where no sweep was made. */
  readonly usualPoolSize: number;
  /** Whose pool size it takes instead of a sweep of its own: the same program, started otherwise. */
  readonly takesPoolOf?: Contender;
  readonly start: (ground: Ground, poolSize: number) => Promise<RunningContender>;
}
