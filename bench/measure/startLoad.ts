// Starts the load as a process of its own and follows it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CHECKOUT } from '../../local/places.ts';
import { parseOutcome, type LoadOutcome, type LoadPlan } from '../load/plan.ts';

/** Longer than any load's own limits: one that hangs is ended. */
const SLACK_MS = 60_000;
const running = new Set<{ kill: () => void }>();

/** Ends the loads that run, for whoever is interrupted. */
export function killLoads(): void {
  for (const load of running) load.kill();
}

/** Runs a load; `onMark` is called as its measured window begins and ends. Rejects when the load fails. */
export async function runLoadProcess(
  plan: LoadPlan,
  env: Readonly<Record<string, string | undefined>>,
  onMark: (what: 'begin' | 'end') => void,
): Promise<LoadOutcome> {
  const child = spawn(process.execPath, ['bench/load/main.ts'], {
    cwd: CHECKOUT,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const load = { kill: () => void child.kill('SIGKILL') };
  running.add(load);
  const limitMs = (plan.warmupSeconds + plan.seconds) * 1_000 + 2 * plan.timeoutMs + SLACK_MS;
  const limit = setTimeout(load.kill, limitMs);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  try {
    child.stdin.end(JSON.stringify(plan));
    let outcome: LoadOutcome | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'begin' || line === 'end') onMark(line);
      else outcome = parseOutcome(line);
    }
    await exited;
    if (outcome === undefined) throw new Error('The load ended without an outcome');
    return outcome;
  } finally {
    clearTimeout(limit);
    running.delete(load);
  }
}
