// The probe's one setting.

/** Where the probe writes. Throws when it is not given. */
export function readProbeDir(): string {
  const dir = process.env.BENCH_PROBE_DIR;
  if (dir === undefined) throw new Error('BENCH_PROBE_DIR is not set');
  return dir;
}
