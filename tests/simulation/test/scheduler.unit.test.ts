import { drive, Scheduler } from '../scheduler.ts';
import { SimProcess } from '../world.ts';

const untilEmpty = (scheduler: Scheduler): Promise<void> => drive(scheduler, () => false);

describe('virtual time', () => {
  test('goes from one due moment to the next, in order, and in the order asked at one moment', async () => {
    const scheduler = new Scheduler();
    const seen: string[] = [];
    const note = (what: string) => () => {
      seen.push(`${what} at ${scheduler.now}`);
    };
    scheduler.schedule(30, undefined, note('c'));
    scheduler.schedule(10, undefined, note('a'));
    scheduler.schedule(30, undefined, note('d'));
    scheduler.schedule(20, undefined, note('b'));
    await untilEmpty(scheduler);
    expect(seen).toEqual(['a at 10', 'b at 20', 'c at 30', 'd at 30']);
  });

  test('follows up all settled promises before the next thing happens', async () => {
    const scheduler = new Scheduler();
    const seen: string[] = [];
    scheduler.schedule(1, undefined, () => {
      void (async () => {
        for (const step of ['one', 'two', 'three']) {
          await Promise.resolve();
          seen.push(step);
        }
      })();
    });
    scheduler.schedule(1, undefined, () => seen.push('next'));
    await untilEmpty(scheduler);
    expect(seen).toEqual(['one', 'two', 'three', 'next']);
  });

  test('never lets happen what belongs to the dead', async () => {
    const scheduler = new Scheduler();
    const process = new SimProcess('orders-0', 'orders');
    const seen: string[] = [];
    scheduler.schedule(1, process, () => seen.push('alive'));
    scheduler.schedule(2, undefined, () => {
      process.isDead = true;
    });
    scheduler.schedule(3, process, () => seen.push('dead'));
    await untilEmpty(scheduler);
    expect(seen).toEqual(['alive']);
  });

  test('keeps what a halted process had before it until it goes on, in its order', async () => {
    const scheduler = new Scheduler();
    const process = new SimProcess('orders-0', 'orders');
    const seen: string[] = [];
    process.pausedUntil = 100;
    for (const what of ['a', 'b'])
      scheduler.schedule(10, process, () => seen.push(`${what} at ${scheduler.now}`));
    const cancelled = scheduler.schedule(10, process, () => seen.push('cancelled'));
    scheduler.schedule(50, undefined, () => {
      cancelled.run = undefined;
    });
    await untilEmpty(scheduler);
    expect(seen).toEqual(['a at 100', 'b at 100']);
  });
});
