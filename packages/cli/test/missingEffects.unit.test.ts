// Missing effects of a damaged log: their number is told, but not everything is remembered.
import { Findings } from '../src/verify/findings.ts';
import { MissingEffects } from '../src/verify/missingEffects.ts';

const place = (position: number) => ({ incarnation: 1, position, part: 0 });

/** Five messages of a partition are missing, of which two are remembered. */
function fiveMissing() {
  const findings = new Findings();
  const cursors = new Map([[0, place(9)]]);
  const read = { consumer: 'inventory', topic: 'orders.v1', cursors, findings } as const;
  const missing = new MissingEffects(read, 2);
  for (const position of [1, 2, 3, 4, 5]) missing.add(0, `message ${position}`, place(position));
  return { missing, findings };
}

describe('More missing effects than are remembered', () => {
  it('are all counted', () => {
    const { missing, findings } = fiveMissing();
    missing.noteEffect(0, place(7));
    missing.tell();
    expect(findings.total).toBe(5);
    expect(findings.breaches.at(-1)?.text).toBe(
      '3 more messages behind cursor inventory/orders.v1/0 have no effect in the log of inventory',
    );
  });

  it('are told as the end of a partition if nothing behind them had an effect', () => {
    const { missing, findings } = fiveMissing();
    expect(missing.someAtEnd()).toBe(true);
    missing.tell();
    expect(findings.total).toBe(1);
    expect(findings.breaches[0]?.text).toContain('message 1 and of 4 more behind it is not in');
  });

  it('are one less when one of them has its effect too late', () => {
    const { missing, findings } = fiveMissing();
    missing.noteEffect(0, place(7));
    expect(missing.takeBack(0, 'message 4')).toBe(true);
    missing.tell();
    expect(findings.total).toBe(4);
  });
});
