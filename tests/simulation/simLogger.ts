// What the services log in a run: only complaints, and only for the checks.
import { createLogger, type Logger } from '@orderflow/shared/runtime/logger.ts';

let listener: (line: string) => void = () => undefined;

/** One for all runs of a thread: making one costs more than a run's complaints. */
export const simLogger: Logger = createLogger({
  service: 'simulation',
  level: 'error',
  destination: {
    write: (line) => {
      listener(line);
    },
  },
});

/** Whoever is told of the complaints from now on. */
export function hearComplaints(told: (line: string) => void): void {
  listener = told;
}
