// One step at a time: a consumer's partitions are loaded, decided, sought and flushed one after the other.

/** Runs a step when all earlier ones have ended, and gives its result. A step must not wait for another one. */
export type Exclusive = <T>(step: () => Promise<T> | T) => Promise<T>;

/** Makes a queue of steps. */
export function createMutex(): Exclusive {
  let last: Promise<unknown> = Promise.resolve();
  return (step) => {
    const result = last.then(step);
    // The next step runs whatever became of this one; its error goes to whoever asked for it.
    last = result.catch(() => undefined);
    return result;
  };
}
