// A run as lines of the console.
import type { Report } from '../local/report.ts';
import type { RunResult } from './results.ts';

/** Prints a run: what it did, what each order cost, and what was wrong. */
export function printRun(report: Report, run: RunResult): void {
  const { load } = run;
  const loop =
    run.arrivalsPerSecond === undefined ? '' : ` open loop ${run.arrivalsPerSecond.toFixed(0)}/s`;
  const answers = Object.entries(load.answers).map(([status, count]) => `${count} × ${status}`);
  report.step(
    'bench',
    [
      `  ${run.scenario.padEnd(7)} ${run.connections} connections${loop}: ${load.perSecond.toFixed(0)}/s`,
      `p50 ${load.latencyMs.p50.toFixed(1)} p99 ${load.latencyMs.p99.toFixed(1)} ms`,
      answers.join(' '),
      `commits ${run.commitsPerOrder.toFixed(3)} fsyncs ${run.fsyncsPerOrder.toFixed(3)} batches ${run.kafkaBatchesPerOrder.toFixed(3)}`,
    ].join(' · '),
  );
  const shown = run.processes.map(({ name, cpuMicrosecondsPerOrder, rssMib, ...rest }) => {
    const { eventLoopDelayP99Ms: delay } = rest;
    const loopDelay = delay === undefined ? '' : ` ${delay.toFixed(0)} ms`;
    return `${name} ${cpuMicrosecondsPerOrder.toFixed(0)} µs ${rssMib.after.toFixed(0)} MiB${loopDelay}`;
  });
  const others = ((run.othersCpuShare ?? 0) * 100).toFixed(0);
  report.step('bench', `          ${shown.join(' · ')} · others ${others} % of the machine`);
  for (const fault of run.bookFaults) report.warn('bench', `wrong book: ${fault}`);
}
