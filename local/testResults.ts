// What the stages of `npm test` came to, and whether that is a success.
import type { TestStage } from './arguments.ts';

/** Numbers of tests. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** How one stage ended; `counts` for the stages that are jest's. */
export interface StageResult {
  /** Why it could not be run here, if it could not; it counts neither as failed nor as passed. */
  readonly notRun?: string;
  readonly stage: TestStage;
  readonly exitCode: number;
  readonly seconds: number;
  readonly counts: TestCounts | undefined;
}

/**
 * The counts in the text of jest's --json file. A suite that could not even be loaded counts as one failed test; and so does
 * a jest that wrote nothing, for then nobody knows what it would have found.
 */
export function parseJestCounts(text: string | undefined): TestCounts {
  const unreadable = { passed: 0, failed: 1, skipped: 0 };
  if (text === undefined) return unreadable;
  let result: unknown;
  try {
    result = JSON.parse(text);
  } catch {
    return unreadable;
  }
  const read = (name: string) => {
    const value = (result as Record<string, unknown>)[name];
    return typeof value === 'number' ? value : 0;
  };
  return {
    passed: read('numPassedTests'),
    failed: read('numFailedTests') + read('numRuntimeErrorTestSuites'),
    skipped: read('numPendingTests') + read('numTodoTests'),
  };
}

/** The sums over all stages. */
export function sumCounts(results: readonly StageResult[]): TestCounts {
  const sum = (name: keyof TestCounts) =>
    results.reduce((total, result) => total + (result.counts?.[name] ?? 0), 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

/** Why the run is no success; undefined if it is one. A run of tests in which none ran proves nothing. */
export function whyFailed(
  stages: readonly TestStage[],
  results: readonly StageResult[],
): string | undefined {
  const failed = results.filter((result) => result.exitCode !== 0).map((result) => result.stage);
  if (failed.length > 0) return `failed: ${failed.join(', ')}`;
  const left = stages.filter((stage) => !results.some((result) => result.stage === stage));
  if (left.length > 0) return `did not run: ${left.join(', ')}`;
  const { passed, failed: failedTests } = sumCounts(results);
  if (failedTests > 0) return `${failedTests} tests failed`;
  const hasTests = results.some(({ counts, notRun }) => (counts ?? notRun) !== undefined);
  return hasTests && passed === 0 ? 'no test ran' : undefined;
}

/** The table of stages and, as its last line, "N passed, N failed, N skipped". */
export function describeResults(results: readonly StageResult[]): string {
  const rows = results.map((result) => {
    const { stage, exitCode, seconds, counts, notRun } = result;
    if (notRun !== undefined) return `  ${stage.padEnd(12)} not run: ${notRun}`;
    const verdict = exitCode === 0 ? 'passed' : 'FAILED';
    const tests = counts === undefined ? '' : `  ${describeCounts(counts)}`;
    return `  ${stage.padEnd(12)} ${verdict} ${`${seconds.toFixed(1)}s`.padStart(8)}${tests}`;
  });
  return ['', ...rows, describeCounts(sumCounts(results))].join('\n');
}

function describeCounts({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
