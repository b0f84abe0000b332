// What the launcher tells: one line a step with the seconds since the start; in a terminal, progress stays on one line.
import { LaunchFailure } from './failure.ts';
import { lastLines } from './process/logTail.ts';

const LOG_LINES_SHOWN = 20;

/** Where the launcher's messages go. */
export interface Report {
  /** Something was done or begins. */
  readonly step: (who: string, text: string) => void;
  /** Something is going on: in a terminal each replaces the one before, elsewhere the caller's choice of moments is printed. */
  readonly progress: (who: string, text: string) => void;
  /** Something is not as it should be, and the launcher deals with it. */
  readonly warn: (who: string, text: string) => void;
  /** A block of text as it is. */
  readonly print: (text: string) => void;
  /** Seconds since the start, with one decimal. */
  readonly elapsed: () => string;
}

/** A report to a stream; `now` gives milliseconds from any fixed moment. */
export function createReport(
  out: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>,
  now: () => number = () => performance.now(),
): Report {
  const startedAt = now();
  let progressShown = false;
  const elapsed = () => ((now() - startedAt) / 1000).toFixed(1);
  const format = (who: string, text: string) =>
    `${`${elapsed()}s`.padStart(7)}  ${who.padEnd(10)} ${text}`;
  const print = (text: string) => {
    if (progressShown) out.write('\r\u001b[2K');
    progressShown = false;
    out.write(`${text}\n`);
  };
  return {
    elapsed,
    print,
    step: (who, text) => {
      print(format(who, text));
    },
    warn: (who, text) => {
      print(format(who, `! ${text}`));
    },
    progress: (who, text) => {
      if (!out.isTTY) {
        print(format(who, text));
        return;
      }
      out.write(`\r\u001b[2K${format(who, text)}`);
      progressShown = true;
    },
  };
}

/** A failure in the launcher's words: the end of the log that matters, the cause, and what to do. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof LaunchFailure)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `\nThis is a fault of the launcher itself:\n${stack}`;
  }
  const log = error.logFile;
  const tail = log === undefined ? [] : lastLines(log, LOG_LINES_SHOWN);
  const shown =
    tail.length === 0 ? [] : [`the end of ${log}:`, ...tail.map((line) => `  | ${line}`), ''];
  return ['', ...shown, `FAILED: ${error.message}`, `What to do: ${error.advice}`].join('\n');
}
