// Waiting for something to happen, but not for ever: what a loop rests on between two rounds.

/** A bell that one loop listens to. A ring while nobody listens is remembered, so none is missed. */
export interface Signal {
  /** Ends the present wait, or the next one. */
  ring(): void;
  /** Resolves at the next ring, or after `milliseconds`. */
  wait(milliseconds: number): Promise<void>;
}

/** Makes a signal that has not rung. */
export function createSignal(): Signal {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    wait(milliseconds) {
      if (rung) {
        rung = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          wake = undefined;
          rung = false;
          resolve();
        };
        const timer = setTimeout(end, milliseconds);
        wake = end;
      });
    },
  };
}

/** The back-off after the n-th failure in a row (n from 1), in milliseconds: doubling, bounded, spread by a quarter. */
export function backOff(failures: number, firstMs: number, mostMs: number): number {
  const delay = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), mostMs);
  return delay * (0.75 + Math.random() * 0.25);
}

/** Resolves after `milliseconds`, or as soon as `ended` is aborted. */
export function pause(ended: AbortSignal, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      ended.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ended.aborted ? 0 : milliseconds);
    ended.addEventListener('abort', end);
  });
}

/** Does something regularly, one call at a time, until `ended` is aborted. Throws what `act` throws. */
export async function repeat(
  ended: AbortSignal,
  everyMs: number,
  act: () => Promise<void> | void,
): Promise<void> {
  for (;;) {
    await pause(ended, everyMs);
    if (ended.aborted) return;
    await act();
  }
}
