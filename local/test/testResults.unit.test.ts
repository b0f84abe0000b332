// When a run of `npm test` is a success, and what its last line says.
import { describeResults, parseJestCounts, whyFailed, type StageResult } from '../testResults.ts';

const green = (stage: StageResult['stage'], passed = 3): StageResult => ({
  stage,
  exitCode: 0,
  seconds: 1,
  counts: { passed, failed: 0, skipped: 1 },
});

const notRun: StageResult = {
  stage: 'images',
  exitCode: 0,
  seconds: 0,
  counts: undefined,
  notRun: 'no engine',
};

describe('the verdict of a run', () => {
  it('is good when every stage was and tests ran', () => {
    expect(whyFailed(['unit'], [green('unit')])).toBeUndefined();
  });

  it('names the stages that failed', () => {
    const results = [{ ...green('unit'), exitCode: 1 }, green('e2e')];
    expect(whyFailed(['unit', 'e2e'], results)).toBe('failed: unit');
  });

  it('is bad when a stage was left out', () => {
    expect(whyFailed(['unit', 'e2e'], [green('unit')])).toBe('did not run: e2e');
  });

  it('is bad when no test ran', () => {
    expect(whyFailed(['unit'], [green('unit', 0)])).toBe('no test ran');
  });

  it('does not ask for tests when only lint was asked for', () => {
    const lint: StageResult = { stage: 'lint', exitCode: 0, seconds: 1, counts: undefined };
    expect(whyFailed(['lint'], [lint])).toBeUndefined();
  });

  it('is good when a stage could not be run here, and says so', () => {
    const results = [green('unit'), notRun];
    expect(whyFailed(['unit', 'images'], results)).toBeUndefined();
    expect(describeResults(results)).toContain('images       not run: no engine');
  });

  it('is bad when the only tests asked for could not be run', () => {
    expect(whyFailed(['images'], [notRun])).toBe('no test ran');
  });

  it('ends with the plain totals', () => {
    const text = describeResults([green('unit'), green('e2e', 4)]);
    expect(text.split('\n').at(-1)).toBe('7 passed, 0 failed, 2 skipped');
  });
});

describe('the counts of jest', () => {
  it('are read from its result file', () => {
    const text = JSON.stringify({
      numPassedTests: 5,
      numFailedTests: 2,
      numPendingTests: 1,
      numTodoTests: 1,
    });
    expect(parseJestCounts(text)).toEqual({ passed: 5, failed: 2, skipped: 2 });
  });

  it('count a suite that could not be loaded as a failure', () => {
    expect(parseJestCounts('{"numPassedTests": 5, "numRuntimeErrorTestSuites": 1}').failed).toBe(1);
  });

  it.each([undefined, '', '{'])('count a result file of %j as a failure', (text) => {
    expect(parseJestCounts(text).failed).toBe(1);
  });
});
