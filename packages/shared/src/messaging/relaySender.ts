// Sends one batch until Kafka has it: a producer that failed is thrown away, since what it still sends is unknown.
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import { RETRY_MOST_MS } from './kafkaLimits.ts';
import { backOff, createSignal } from './signal.ts';
import { MessageTooLargeError, type OutgoingRecord, type Producer } from './transport.ts';
import { within } from './within.ts';

const RETRY_FIRST_MS = 100;
/**
 * How long one try may take. A little longer than kafkajs waits for one answer (CONNECTION_LIMITS.requestTimeout): after
 * that it would ask the broker that is silent again and again, and never look who leads the partition now.
 */
const ANSWER_MS = 12_000;

/** A sender for one topic; it connects with the first send. */
export class RelaySender {
  readonly #createProducer: () => Promise<Producer>;
  readonly #topic: string;
  readonly #logger: Logger;
  readonly #answerMs: number;
  readonly #pause = createSignal();
  readonly #givenUp = new AbortController();
  #producer: Producer | undefined;

  /** `answerMs`: how long one try may take; left out except in tests. */
  constructor(
    createProducer: () => Promise<Producer>,
    topic: string,
    logger: Logger,
    answerMs = ANSWER_MS,
  ) {
    this.#createProducer = createProducer;
    this.#topic = topic;
    this.#logger = logger;
    this.#answerMs = answerMs;
  }

  /**
   * Sends the records in order, again and again until all partitions have acknowledged them; false when `mustStop`
   * says so first. Throws MessageTooLargeError when one record alone is larger than the broker takes, and an AppError
   * that is not retryable (the topic has another partition count).
   */
  async send(records: readonly OutgoingRecord[], mustStop: () => boolean): Promise<boolean> {
    if (records.length === 0) return true;
    for (let failures = 1; ; failures += 1) {
      try {
        this.#producer ??= await this.#connect();
        // Making a producer takes its time, and may have found that everything is to be sent again.
        if (mustStop()) return false;
        await this.#answered(this.#producer.send(this.#topic, records));
        return true;
      } catch (error) {
        this.#throwAway();
        if (error instanceof MessageTooLargeError)
          return this.#sendHalves(records, mustStop, error);
        if (error instanceof AppError && !error.retryable) throw error;
        const fields = { err: error, topic: this.#topic, failures, records: records.length };
        this.#logger.warn(fields, 'send failed: sent again with a new producer');
      }
      if (mustStop()) return false;
      await this.#pause.wait(backOff(failures, RETRY_FIRST_MS, RETRY_MOST_MS));
      if (mustStop()) return false;
    }
  }

  /** Ends a pause between two tries. */
  wake(): void {
    this.#pause.ring();
  }

  /** Waits no longer for the broker: the try under way fails, and so does each one after it. */
  giveUp(): void {
    this.#givenUp.abort();
  }

  async close(): Promise<void> {
    await this.#producer?.close();
    this.#producer = undefined;
  }

  async #connect(): Promise<Producer> {
    const making = this.#createProducer();
    try {
      return await this.#answered(making);
    } catch (error) {
      // One that comes too late is nobody's any more.
      void making.then((producer) => producer.close()).catch(() => undefined);
      throw error;
    }
  }

  #answered<T>(answer: Promise<T>): Promise<T> {
    const late = (): Error => new Error(`${this.#topic}: no answer within ${this.#answerMs} ms`);
    return within(answer, this.#answerMs, late, this.#givenUp.signal);
  }

  /** In log order, so each half keeps the order of every partition. */
  async #sendHalves(
    records: readonly OutgoingRecord[],
    mustStop: () => boolean,
    error: MessageTooLargeError,
  ): Promise<boolean> {
    if (records.length === 1) throw error;
    const middle = Math.ceil(records.length / 2);
    if (!(await this.send(records.slice(0, middle), mustStop))) return false;
    return this.send(records.slice(middle), mustStop);
  }

  /** Its closing is not waited for: it may hang on a broker that is gone. What it still delivers are repeats. */
  #throwAway(): void {
    void this.#producer?.close();
    this.#producer = undefined;
  }
}
