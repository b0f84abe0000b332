// The command lines of `npm start` and `npm test`.
import { parseStartArguments, parseTestArguments, TEST_STAGES } from '../arguments.ts';

describe('the arguments of npm start', () => {
  it('are all optional', () => {
    expect(parseStartArguments([])).toEqual({
      infra: undefined,
      reset: false,
      seed: true,
      help: false,
    });
  });

  it('choose the infrastructure, a wipe, and no sample data', () => {
    expect(parseStartArguments(['--infra=docker', '--reset', '--no-seed'])).toMatchObject({
      infra: 'docker',
      reset: true,
      seed: false,
    });
  });

  it.each([['--infra=podman'], ['--rest'], ['now']])('turn down %s', (word) => {
    expect(() => parseStartArguments([word])).toThrow(/infra|rest|now/);
  });
});

describe('the arguments of npm test', () => {
  it('mean every stage when none is named', () => {
    expect(parseTestArguments([]).stages).toEqual(TEST_STAGES);
  });

  it('give the named stages in running order, each once', () => {
    expect(parseTestArguments(['e2e', 'unit', 'e2e']).stages).toEqual(['unit', 'e2e']);
  });

  it('turn down a stage that does not exist, by its name', () => {
    expect(() => parseTestArguments(['unit', 'smoke'])).toThrow('no stage named smoke');
  });
});
