// What a sensible engineer would write instead: one Express process, a pool, one transaction an order, at READ COMMITTED
// (no gap locks, which nothing here needs), run again after a deadlock (1213) or a lock waited for in vain (1205).
import { asContender } from '../shop.ts';
import { PROCEDURE } from './procedure.ts';

const common = {
  name: 'monolith',
  poolSizes: [8, 16, 32, 64],
  usualPoolSize: 16,
  program: 'bench/contenders/monolith/server.ts',
  hasOrderRows: true,
} as const;

/** The transaction as single statements. */
export const monolithOfStatements = asContender({ ...common, variant: 'statements' });

/** The transaction as a stored procedure: one round trip. */
export const monolithOfProcedure = asContender({
  ...common,
  variant: 'procedure',
  moreStatements: [PROCEDURE],
});
