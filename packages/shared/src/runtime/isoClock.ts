// The time as events carry it. At load hundreds of them are decided in one millisecond: its text is made once.

/** Makes a clock that gives the time as `Date.prototype.toISOString` writes it. `now`: milliseconds since 1970. */
export function createIsoClock(now: () => number = Date.now): () => string {
  let writtenAt = Number.NaN;
  let text = '';
  return () => {
    const at = now();
    if (at === writtenAt) return text;
    writtenAt = at;
    text = new Date(at).toISOString();
    return text;
  };
}
