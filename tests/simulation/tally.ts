// Counts by name.

/** Adds counts to counts. */
export function addUp(
  sums: Record<string, number>,
  counts: Readonly<Record<string, number | undefined>>,
): void {
  for (const [name, count = 0] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}
