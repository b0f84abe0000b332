// The way into the group: it waits for brokers, rights, and the topics of others, and says what it waits for.
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import { backOff, pause } from './signal.ts';
import type { GroupConnection, MessageBroker } from './transport.ts';

/** What joining needs. */
export interface JoinDeps {
  /** With their prefix. */
  readonly topics: readonly string[];
  readonly broker: Pick<MessageBroker, 'partitionCount'>;
  readonly connection: Pick<GroupConnection, 'start'>;
  readonly logger: Logger;
  readonly ended: AbortSignal;
  /** Told what is waited for. */
  readonly onWaiting: (reason: string) => void;
}

const FIRST_MS = 250;
const MOST_MS = 2_000;

/** How one member joins. */
export class GroupJoin {
  readonly #deps: JoinDeps;
  /** Refusals since the last join. */
  #refusals = 0;

  constructor(deps: JoinDeps) {
    this.#deps = deps;
  }

  /**
   * Joins when the brokers answer and all topics are there; their owners make them. Throws what waiting does not help
   * against: a refused log-in, and bugs.
   */
  async join(): Promise<void> {
    const { topics, broker, connection, logger, onWaiting } = this.#deps;
    for (let failures = 1; !this.#hasEnded(); failures += 1) {
      try {
        const counts = await Promise.all(topics.map((topic) => broker.partitionCount(topic)));
        const missing = topics.filter((_, index) => counts[index] === undefined);
        // Whoever stops does not wait for the question.
        if (this.#hasEnded()) return;
        if (missing.length === 0) {
          await connection.start();
          return;
        }
        onWaiting(`these topics are not made yet: ${missing.join(', ')}`);
        logger.info({ missing }, 'waiting for topics of other services');
      } catch (error) {
        if (!(error instanceof AppError && error.retryable)) throw error;
        if (this.#hasEnded()) return;
        onWaiting(error.message);
        logger.warn({ err: error, failures }, 'the consumer cannot connect yet');
      }
      await this.#pause(failures);
    }
  }

  /** Joins again after the broker has refused it for a right that is missing: that may be given at any moment. */
  async joinAgain(refusal: AppError): Promise<void> {
    this.#refusals += 1;
    const fields = { err: refusal, refusals: this.#refusals };
    this.#deps.logger.warn(fields, 'the consumer may not join its group yet');
    await this.#pause(this.#refusals);
    await this.join();
  }

  noteJoined(): void {
    this.#refusals = 0;
  }

  #hasEnded(): boolean {
    return this.#deps.ended.aborted;
  }

  #pause(failures: number): Promise<void> {
    return pause(this.#deps.ended, backOff(failures, FIRST_MS, MOST_MS));
  }
}
