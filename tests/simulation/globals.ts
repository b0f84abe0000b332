// The globals that know of time or chance, replaced in this thread by those of the run that is under way.
import type { Random } from './random.ts';
import type { Due, Scheduler } from './scheduler.ts';

/** What the globals are answered from. */
export interface VirtualTime {
  readonly scheduler: Scheduler;
  readonly random: Random;
}

/** The moment at which a run begins, on the wall clock. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

const real = {
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  Date,
  now: performance.now.bind(performance),
  random: Math.random.bind(Math),
};
let active: VirtualTime | undefined;

/** From now on the globals belong to this run; undefined: to nobody, and are what they were. */
export function useVirtualTime(time: VirtualTime | undefined): void {
  active = time;
}

type Callback = (...of: unknown[]) => void;

function wallClock({ scheduler }: VirtualTime): number {
  return Math.floor(EPOCH_MS + scheduler.now + (scheduler.current?.skewMs ?? 0));
}

function after(time: VirtualTime, run: Callback, milliseconds: number, of: unknown[]): Due {
  const { scheduler } = time;
  // As Node has it: a timer waits a millisecond at least.
  const delay = milliseconds >= 1 ? milliseconds : 1;
  return scheduler.schedule(delay, scheduler.current, () => {
    run(...of);
  });
}

/** Repeats under one handle, until that is cancelled. */
function every(time: VirtualTime, run: Callback, milliseconds: number, of: unknown[]): Due {
  const { scheduler } = time;
  const { current } = scheduler;
  const handle: Due = { at: 0, order: 0, owner: current, run: () => undefined };
  const next = (): void => {
    scheduler.schedule(milliseconds, current, () => {
      if (handle.run === undefined) return;
      next();
      run(...of);
    });
  };
  next();
  return handle;
}

function cancel(handle: unknown): void {
  if (typeof handle === 'object' && handle !== null && 'run' in handle) handle.run = undefined;
  else if (handle !== undefined) Reflect.apply(real.clearTimeout, undefined, [handle]);
}

/** Puts the replacements in place, once in a thread. */
export function replaceGlobals(): void {
  Object.assign(globalThis, {
    setTimeout: (run: Callback, milliseconds = 0, ...of: unknown[]) =>
      active === undefined
        ? real.setTimeout(run, milliseconds, ...of)
        : after(active, run, milliseconds, of),
    setInterval: (run: Callback, milliseconds = 0, ...of: unknown[]) =>
      active === undefined
        ? real.setInterval(run, milliseconds, ...of)
        : every(active, run, milliseconds, of),
    setImmediate: (run: Callback, ...of: unknown[]) =>
      active === undefined
        ? real.setImmediate(run, ...of)
        : active.scheduler.schedule(0, active.scheduler.current, () => {
            run(...of);
          }),
    clearTimeout: cancel,
    clearInterval: cancel,
    Date: virtualDate(),
  });
  Object.defineProperty(performance, 'now', {
    value: () => active?.scheduler.now ?? real.now(),
  });
  Object.defineProperty(Math, 'random', { value: () => active?.random.next() ?? real.random() });
}

function virtualDate(): DateConstructor {
  const now = (): number => (active === undefined ? real.Date.now() : wallClock(active));
  return new Proxy(real.Date, {
    construct: (target, of: unknown[], made) =>
      Reflect.construct(target, of.length === 0 ? [now()] : of, made) as Date,
    get: (target, key): unknown => (key === 'now' ? now : Reflect.get(target, key)),
  });
}
