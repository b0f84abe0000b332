// A limit on how long an answer is waited for.

/**
 * The answer, or the error that `late` makes when it has not come after `milliseconds`, or by the time that `ended` is
 * aborted. What was asked goes on: whoever asks must see to what it may still bring.
 */
export async function within<T>(
  answer: Promise<T>,
  milliseconds: number,
  late: () => Error,
  ended?: AbortSignal,
): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const giveUp = (): void => {
    limit.reject(late());
  };
  const timer = setTimeout(giveUp, ended?.aborted === true ? 0 : milliseconds);
  ended?.addEventListener('abort', giveUp);
  try {
    return await Promise.race([answer, limit.promise]);
  } finally {
    clearTimeout(timer);
    ended?.removeEventListener('abort', giveUp);
  }
}
