// A complaint is excused by what has struck its own topic, and by nothing else.
import { breachOfComplaint } from '../checks/complaints.ts';

const gap = JSON.stringify({ msg: 'gap: messages are missing', topic: 'orders.v1' });
const parked = (key: string) =>
  JSON.stringify({ msg: 'message parked, and its key with it', topic: 'orders.v1', key });

test('a gap is excused when its topic has lost something', () => {
  expect(breachOfComplaint(gap, [{ kind: 'tail', topic: 'orders.v1' }])).toBeUndefined();
});

test('a gap is a breach when nothing was lost, or something of another topic', () => {
  expect(breachOfComplaint(gap, [])).toContain('without cause');
  expect(breachOfComplaint(gap, [{ kind: 'tail', topic: 'users.v1' }])).toContain('without cause');
  expect(breachOfComplaint(gap, [{ kind: 'junk', topic: 'orders.v1' }])).toContain('without cause');
});

test('a parked message needs a poisoned order, and a parked record one that cannot be read', () => {
  const poison = [{ kind: 'poison', topic: 'orders.v1' }] as const;
  const junk = [{ kind: 'junk', topic: 'orders.v1' }] as const;
  expect(breachOfComplaint(parked('17'), poison)).toBeUndefined();
  expect(breachOfComplaint(parked('17'), junk)).toContain('without cause');
  expect(breachOfComplaint(parked('(unreadable)'), junk)).toBeUndefined();
  expect(breachOfComplaint(parked('(unreadable)'), poison)).toContain('without cause');
});

test('what nobody has heard of is a breach', () => {
  const line = JSON.stringify({ msg: 'did not stop in time' });
  expect(breachOfComplaint(line, [{ kind: 'tail', topic: 'orders.v1' }])).toContain(line);
});
