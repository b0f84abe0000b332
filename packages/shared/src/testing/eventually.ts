// Waiting in tests: for a condition and never for a time.

/** How long and how often to look, in milliseconds. */
export interface EventuallyOptions {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/**
 * Looks again and again until the probe gives something truthy, and gives that.
 * A probe that throws counts as not yet, so that expect() may stand in it.
 * @throws Error that says what was waited for and what the last look showed, once timeoutMs are over
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  description: string,
  { timeoutMs = 60_000, intervalMs = 50 }: EventuallyOptions = {},
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const look = await lookOnce(probe);
    if (look.value) return look.value as Exclude<T, false | null | undefined | 0 | ''>;
    // After the look: a probe slower than the time limit is asked once all the same.
    if (performance.now() >= deadline) {
      throw new Error(
        `Waited ${timeoutMs} ms in vain until ${description}. The last look: ${look.failure}`,
        { cause: look.cause },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

async function lookOnce<T>(
  probe: () => T | Promise<T>,
): Promise<{ value?: T; failure: string; cause?: unknown }> {
  try {
    const value = await probe();
    return { value, failure: `it gave ${JSON.stringify(value) ?? 'undefined'}` };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error), cause: error };
  }
}
