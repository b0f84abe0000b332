// Waiting in tests: for a condition and never for a time.

/** How long and how often to look, in milliseconds. */
export interface EventuallyOptions {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

type Falsy = false | 0 | '' | null | undefined;

/**
 * Looks again and again until the probe gives something truthy, and gives that. A probe that throws counts as not yet, so
 * that expect() may stand in it; it then ends with `return true`, for a look that gives nothing has found nothing.
 * @throws Error that says what was waited for and what the last look showed, once timeoutMs are over
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  description: string,
  { timeoutMs = 60_000, intervalMs = 50 }: EventuallyOptions = {},
): Promise<Exclude<T, Falsy>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const look = await lookOnce(probe);
    if (look.found) return look.value;
    // After the look: a probe slower than the time limit is asked once all the same.
    if (performance.now() >= deadline) {
      throw new Error(
        `Waited ${timeoutMs} ms in vain until ${description}. The last look: ${look.seen}`,
        { cause: look.cause },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

type Look<T> =
  | { readonly found: true; readonly value: Exclude<T, Falsy> }
  | { readonly found: false; readonly seen: string; readonly cause?: unknown };

async function lookOnce<T>(probe: () => T | Promise<T>): Promise<Look<T>> {
  try {
    const value = await probe();
    if (value) return { found: true, value: value as Exclude<T, Falsy> };
    return { found: false, seen: `it gave ${String(value)}` };
  } catch (error) {
    const seen = error instanceof Error ? error.message : String(error);
    return { found: false, seen, cause: error };
  }
}
