// When parking is no longer the answer: many poison messages at once mean that the code is wrong, not the messages.

const WINDOW_MS = 60_000;
/** Poison messages within a minute that may be parked; one more stops the consumer. */
export const MAX_POISON_PER_MINUTE = 5;

/** Counts what this process has parked for a reason of its own (followers of a parked key do not count). */
export interface PoisonMeter {
  /** True if `count` more would be too many. */
  wouldExceed(count: number): boolean;
  add(count: number): void;
}

/** Makes a meter; `now` in milliseconds, of a clock that only goes forward. */
export function createPoisonMeter(now: () => number): PoisonMeter {
  let times: number[] = [];
  const recent = (): number[] => {
    times = times.filter((time) => time > now() - WINDOW_MS);
    return times;
  };
  return {
    wouldExceed: (count) => count > 0 && recent().length + count > MAX_POISON_PER_MINUTE,
    add(count) {
      recent().push(...Array.from({ length: count }, now));
    },
  };
}
