// Sends one batch until Kafka has it: a producer that failed is thrown away, since what it still sends is unknown.
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import { backOff, createSignal } from './signal.ts';
import { MessageTooLargeError, type OutgoingRecord, type Producer } from './transport.ts';

const RETRY_FIRST_MS = 100;
const RETRY_MOST_MS = 2_000;

/** A sender for one topic. */
export interface RelaySender {
  /**
   * Sends the records in order, again and again until all partitions have acknowledged them; false when `giveUp` says
   * so after a failure. Throws MessageTooLargeError when one record alone is larger than the broker takes, and an
   * AppError that is not retryable (the topic has another partition count).
   */
  send(records: readonly OutgoingRecord[], giveUp: () => boolean): Promise<boolean>;
  /** Ends a pause between two tries. */
  wake(): void;
  close(): Promise<void>;
}

/** Makes the sender; it connects with the first send. */
export function createRelaySender(
  createProducer: () => Promise<Producer>,
  topic: string,
  logger: Logger,
): RelaySender {
  const pause = createSignal();
  let producer: Producer | undefined;

  async function tryOnce(records: readonly OutgoingRecord[]): Promise<void> {
    producer ??= await createProducer();
    try {
      await producer.send(topic, records);
    } catch (error) {
      // Not waited for: it may hang on a broker that is gone. What it still delivers are repeats.
      void producer.close();
      producer = undefined;
      throw error;
    }
  }

  async function send(records: readonly OutgoingRecord[], giveUp: () => boolean): Promise<boolean> {
    if (records.length === 0) return true;
    for (let failures = 1; ; failures += 1) {
      try {
        await tryOnce(records);
        if (failures > 1) logger.info({ topic, records: records.length }, 'sent after failures');
        return true;
      } catch (error) {
        if (error instanceof MessageTooLargeError) {
          if (records.length === 1) throw error;
          // In log order, so each half keeps the order of every partition.
          const middle = Math.ceil(records.length / 2);
          return (
            (await send(records.slice(0, middle), giveUp)) &&
            (await send(records.slice(middle), giveUp))
          );
        }
        if (error instanceof AppError && !error.retryable) throw error;
        logger.warn({ err: error, topic, failures }, 'send failed, it is sent again');
      }
      if (giveUp()) return false;
      await pause.wait(backOff(failures, RETRY_FIRST_MS, RETRY_MOST_MS));
      if (giveUp()) return false;
    }
  }

  return {
    send,
    wake: () => pause.ring(),
    async close() {
      await producer?.close();
      producer = undefined;
    },
  };
}
