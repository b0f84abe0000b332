// Which stages run beside which.
import { TEST_STAGES } from '../arguments.ts';
import { divideStages } from '../testLanes.ts';

describe('the stages of a run', () => {
  it('are each in one lane, in their order', () => {
    expect(divideStages(TEST_STAGES)).toEqual({
      main: ['unit', 'charts', 'integration'],
      beside: ['lint', 'types', 'structure', 'simulation'],
      after: ['e2e', 'chaos', 'images'],
    });
  });

  it('speak to the terminal where they only compute', () => {
    const alone = { main: ['lint', 'types'], beside: [], after: [] };
    expect(divideStages(['lint', 'types'])).toEqual(alone);
  });

  it('have nothing beside them where they are measured or kill what others use', () => {
    const { main, beside, after } = divideStages(['lint', 'chaos']);
    expect([main, beside, after]).toEqual([['lint'], [], ['chaos']]);
  });
});
