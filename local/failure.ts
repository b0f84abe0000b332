// The launcher's one kind of expected failure: what happened, which log tells more, and what to do about it.

/** A failure that the launcher can explain; anything else that is thrown is a bug and shows its stack. */
export class LaunchFailure extends Error {
  readonly advice: string;
  readonly logFile: string | undefined;

  /** @param advice what the reader can do; @param logFile the log whose last lines belong to the message */
  constructor(message: string, advice: string, logFile?: string) {
    super(message);
    this.name = 'LaunchFailure';
    this.advice = advice;
    this.logFile = logFile;
  }
}

/** The code of an error of the system, such as ENOENT. Asked of its shape: in jest, Node's own errors are no instances of Error. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
