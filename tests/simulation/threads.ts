// The threads that run seeds, each on a core of its own.
import { Worker } from 'node:worker_threads';
import type { Job, JobDone } from './worker.ts';

/** Some threads; each does one job at a time. */
export interface Threads {
  readonly count: number;
  /** Does a job in the next thread that is free. Throws when the thread fails. */
  readonly run: (job: Job) => Promise<JobDone>;
  readonly end: () => Promise<void>;
}

/** Starts `count` threads. */
export function startThreads(count: number): Threads {
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL('./worker.ts', import.meta.url)),
  );
  const free = [...workers];
  const waiting: ((worker: Worker) => void)[] = [];
  const take = (): Promise<Worker> => {
    const worker = free.pop();
    if (worker !== undefined) return Promise.resolve(worker);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const giveBack = (worker: Worker): void => {
    const next = waiting.shift();
    if (next === undefined) free.push(worker);
    else next(worker);
  };
  return {
    count,
    async run(job) {
      const worker = await take();
      const done = await new Promise<JobDone>((resolve, reject) => {
        worker.once('error', reject);
        worker.once('message', (message: JobDone) => {
          worker.off('error', reject);
          resolve(message);
        });
        worker.postMessage(job);
      });
      giveBack(worker);
      return done;
    },
    async end() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
