// A send counts only if every partition has acknowledged it.
import { findMissingPartitions, isMessageTooLarge } from '../../src/messaging/producerAnswer.ts';

const record = (partition: number) => ({ partition, key: 'key', value: 'value' });
const answer = (partition: number, errorCode = 0, topicName = 'topic') => ({
  ...{ topicName, partition, errorCode },
});

it('an answer for all partitions lacks none', () => {
  const records = [record(0), record(2), record(0)];
  expect(findMissingPartitions('topic', records, [answer(0), answer(2)])).toEqual([]);
});

it('a partition that is left out is missing, and so is one that another topic answers for', () => {
  const records = [record(2), record(1), record(0)];
  const answers = [answer(0), answer(1, 0, 'other')];
  expect(findMissingPartitions('topic', records, answers)).toEqual([1, 2]);
  expect(findMissingPartitions('topic', records, [])).toEqual([0, 1, 2]);
});

it('a partition that answers with an error is missing, also beside a success', () => {
  expect(findMissingPartitions('topic', [record(0)], [answer(0, 6)])).toEqual([0]);
  expect(findMissingPartitions('topic', [record(0)], [answer(0), answer(0, 6)])).toEqual([0]);
});

it('a refused size is found however deep it is told', () => {
  const told = (type: string) => Object.assign(new Error('refused'), { type });
  expect(isMessageTooLarge(told('MESSAGE_TOO_LARGE'))).toBe(true);
  const wrapped = new Error('outer', { cause: told('RECORD_LIST_TOO_LARGE') });
  expect(isMessageTooLarge(wrapped)).toBe(true);
  expect(isMessageTooLarge(told('NOT_LEADER_FOR_PARTITION'))).toBe(false);
  expect(isMessageTooLarge(undefined)).toBe(false);
});
