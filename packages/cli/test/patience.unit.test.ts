// Waiting for a server that is still starting.
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import { whenReachable } from '../src/patience.ts';

const REFUSED = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
const DENIED = Object.assign(new Error('denied'), { code: 'ER_ACCESS_DENIED_ERROR', errno: 1045 });

const KAFKA_AWAY = new AppError('kafka_unavailable', 'away', { retryable: true });
const KAFKA_DENIES = new AppError('kafka_not_authorized', 'denied', { retryable: true });

/** Runs work that fails with these errors, one an attempt, and then gives 'done'; time passes in sleeps only. */
async function run(waitMs: number, errors: readonly Error[]) {
  let clock = 0;
  const told: unknown[] = [];
  const left = [...errors];
  const result = await whenReachable(
    () => {
      const error = left.shift();
      return error === undefined ? Promise.resolve('done') : Promise.reject(error);
    },
    {
      waitMs,
      onWait: (error) => told.push(error),
      now: () => clock,
      sleep: (milliseconds) => {
        clock += milliseconds;
        return Promise.resolve();
      },
    },
  ).catch((error: unknown) => error);
  return { result, told, attempts: errors.length - left.length, clock };
}

describe('whenReachable', () => {
  it('tries again while nobody answers, and tells of it once', async () => {
    const { result, told } = await run(60_000, [REFUSED, REFUSED, KAFKA_AWAY]);
    expect(result).toBe('done');
    expect(told).toEqual([REFUSED]);
  });

  it('gives up when the time is over', async () => {
    const { result, clock } = await run(
      3_000,
      Array.from({ length: 10 }, () => REFUSED),
    );
    expect(result).toBe(REFUSED);
    expect(clock).toBe(3_000);
  });

  it.each([DENIED, KAFKA_DENIES])(
    'does not wait for what waiting does not mend: %s',
    async (denied) => {
      expect(await run(60_000, [denied])).toMatchObject({ result: denied, told: [], attempts: 1 });
    },
  );
});
