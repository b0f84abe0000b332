// The shortest list of faults under which a run still fails, found by leaving out.

/** Runs at most: each may take until its run is given up. */
const MOST_TRIES = 150;

/**
 * Leaves out as many of the faults as it can while `fails` stays true: halves first, then smaller pieces, then each by
 * itself. Nothing that is left can be left out alone, unless the tries were used up.
 */
export async function shrink<T>(
  all: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
  mostTries = MOST_TRIES,
): Promise<readonly T[]> {
  let left = all;
  let tries = 0;
  for (let size = Math.ceil(left.length / 2); size >= 1 && left.length > 0;) {
    let start = 0;
    let hasShrunk = false;
    while (start < left.length && tries < mostTries) {
      const rest = [...left.slice(0, start), ...left.slice(start + size)];
      tries += 1;
      if (await fails(rest)) {
        left = rest;
        hasShrunk = true;
      } else start += size;
    }
    if (tries >= mostTries) return left;
    // What could not be left out before perhaps can be now.
    if (!hasShrunk || size > 1) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return left;
}
