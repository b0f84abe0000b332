// The monolith with orders that arrive together in one transaction: about the ceiling for one Node process and one server.
import { asContender } from '../shop.ts';

/** Its pool is the number of transactions that may be under way at once. */
export const monolithBatched = asContender({
  name: 'monolith-batched',
  variant: '',
  poolSizes: [1, 2, 4],
  usualPoolSize: 1,
  program: 'bench/contenders/batched/server.ts',
  hasOrderRows: true,
});
