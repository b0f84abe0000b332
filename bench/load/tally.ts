// What a load has seen so far.

/** Counts by status. */
export type Counts = Record<string, number>;

/** The value at or below which the share `q` (0 to 1) of the ascending `sorted` lies; 0 for none. */
function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? 0;
}

/** Latencies as the report wants them. */
export function summarize(latencies: readonly number[]) {
  const sorted = Float64Array.from(latencies).sort();
  return {
    p50: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    p99: quantile(sorted, 0.99),
    max: quantile(sorted, 1),
  };
}

/** Counts one more of a status. */
export function countOne(counts: Counts, status: number): void {
  counts[status] = (counts[status] ?? 0) + 1;
}
