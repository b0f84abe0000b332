// What every program on InnoDB has to do: a transaction that lost a quarrel over locks is run again.

const DEADLOCK = 1213;
const LOCK_WAIT_TIMEOUT = 1205;
const ATTEMPTS = 5;

/**
 * Runs a transaction, again when the database ended it in favour of another one: two that insert into the same stretch of an
 * index may wait for each other. `attempt` must leave no transaction open. Rejects after five attempts, or at once with any
 * other error.
 */
export async function retryLocked<Outcome>(attempt: () => Promise<Outcome>): Promise<Outcome> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isLocked(error) || attempts === ATTEMPTS) throw error;
    }
  }
}

function isLocked(error: unknown): boolean {
  if (!(error instanceof Error) || !('errno' in error)) return false;
  return error.errno === DEADLOCK || error.errno === LOCK_WAIT_TIMEOUT;
}
