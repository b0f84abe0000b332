// A complaint is excused by what has struck its own topic, and by nothing else.
import { breachOfComplaint } from '../checks/complaints.ts';

const gap = JSON.stringify({ msg: 'gap: messages are missing', topic: 'orders.v1' });
const parked = (key: string, reason = 'Error: Nobody can handle it') =>
  JSON.stringify({ msg: 'message parked, and its key with it', topic: 'orders.v1', key, reason });
const stays = (of: { readonly reason: string; readonly answer: string }) =>
  JSON.stringify({ msg: 'the key stays parked', topic: 'orders.v1', key: '17', ...of });

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
  expect(breachOfComplaint(parked('17', 'Error: sold out'), poison)).toContain('without cause');
  expect(breachOfComplaint(parked('(unreadable)'), junk)).toBeUndefined();
  expect(breachOfComplaint(parked('(unreadable)'), poison)).toContain('without cause');
});

const wish = [{ kind: 'wish', topic: 'orders.v1' }] as const;

test('a key that stays parked after a retry needs a wish, and a poisoned order', () => {
  const poison = { reason: 'Error: Nobody can handle it', answer: 'tried again, and failed again' };
  const broken = { reason: 'Error: sold out', answer: 'tried again, and failed again' };
  expect(breachOfComplaint(stays(poison), wish)).toBeUndefined();
  expect(breachOfComplaint(stays(poison), [])).toContain('without cause');
  expect(breachOfComplaint(stays(broken), wish)).toContain('without cause');
});

test('a message that is not dropped needs a wish, and its own reason to be kept', () => {
  const reason = 'Error: Nobody can handle it';
  const refused = (answer: string) => stays({ reason, answer: `not dropped: ${answer}` });
  const held =
    'OrderRejected says what became of order 7; without it stock would stay held for it: mend';
  expect(breachOfComplaint(refused(held), wish)).toBeUndefined();
  expect(breachOfComplaint(refused(held), [])).toContain('without cause');
  for (const wrong of [
    'TypeError: x is not a function',
    `Error: ${held}`,
    // Of orders.v1 a request can be given up.
    'this service must handle every OrderRequested: mend what fails, then retry',
    held.replace('OrderRejected', 'OrderRequested'),
  ])
    expect(breachOfComplaint(refused(wrong), wish)).toContain('without cause');
});

test('what nobody has heard of is a breach', () => {
  const line = JSON.stringify({ msg: 'did not stop in time' });
  expect(breachOfComplaint(line, [{ kind: 'tail', topic: 'orders.v1' }])).toContain(line);
});
