// Whether the broker's answer to a send covers all that was sent, and what an error of the broker is about.
import type { OutgoingRecord } from './transport.ts';

/** A partition's part of the broker's answer, as kafkajs gives it. */
export interface PartitionAnswer {
  readonly topicName: string;
  readonly partition: number;
  readonly errorCode: number;
}

/** Kafka's error codes for a record or a batch that is larger than the topic takes. */
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** The partitions, in order, of which records were sent but which did not acknowledge them with error code 0. */
export function findMissingPartitions(
  topic: string,
  records: readonly OutgoingRecord[],
  answer: readonly PartitionAnswer[],
): readonly number[] {
  const acknowledged = new Set<number>();
  const refused = new Set<number>();
  for (const { topicName, partition, errorCode } of answer) {
    if (topicName !== topic) continue;
    (errorCode === 0 ? acknowledged : refused).add(partition);
  }
  const sent = new Set(records.map(({ partition }) => partition));
  return [...sent]
    .filter((partition) => !acknowledged.has(partition) || refused.has(partition))
    .sort((a, b) => a - b);
}

/** True when the broker refused the size of what was sent (its errors 10 and 18), at whatever depth it is told. */
export function isMessageTooLarge(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && typeof cause.type === 'string' && TOO_LARGE.has(cause.type)) return true;
  }
  return false;
}

/** True for Kafka's answer to a question about a topic that is not there. */
export function isUnknownTopic(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION';
}
