// The operational error: something outside this process went wrong, and the code says what.

/** An error that is no bug and no business rejection. `retryable`: the same call may succeed later. */
export class AppError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  constructor(code: string, message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.retryable = options.retryable;
  }
}
