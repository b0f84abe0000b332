// Losses under repair: each is alarmed once, and its publisher is asked to send again until that has helped.
import type { Logger } from '../runtime/logger.ts';
import { formatPlace, type Place } from './chain.ts';
import type { InboundMessage } from './envelope.ts';
import { partitionName, type PartitionState } from './partitionState.ts';

const ASK_FIRST_MS = 5_000;
const ASK_MOST_MS = 60_000;

/** What the watch needs. `now` in milliseconds, of a clock that only goes forward. */
export interface GapWatchDeps {
  readonly requestRewind: (topic: string, partition: number, place: Place) => Promise<void>;
  readonly logger: Logger;
  readonly now: () => number;
  /** False when the state belongs to an assignment that is over: its losses are another's to notice. */
  readonly isCurrent: (state: PartitionState) => boolean;
}

/** `gap`: asked for until the missing message has come. `loss`: until the publisher has taken the request. */
interface Loss {
  readonly state: PartitionState;
  readonly kind: 'gap' | 'loss';
  asked: number;
  dueAt: number;
  isAsking: boolean;
}

/** The losses of the partitions that are assigned now. */
export class GapWatch {
  readonly #deps: GapWatchDeps;
  readonly #losses = new Map<string, Loss>();

  constructor(deps: GapWatchDeps) {
    this.#deps = deps;
  }

  /** True while messages of the partition are dropped because one before them is missing. */
  isGapOpen(state: PartitionState): boolean {
    return this.#losses.get(partitionName(state))?.kind === 'gap';
  }

  /** A message came whose predecessor did not: nothing is applied until it has come. */
  openGap(state: PartitionState, cursor: Place, { id, prev, place }: InboundMessage): void {
    const { topic, partition } = state;
    if (this.isGapOpen(state)) return;
    this.#deps.logger.error(
      {
        ...{ topic, partition, message: id, cursor: formatPlace(cursor) },
        ...{ prev: formatPlace(prev), place: formatPlace(place) },
      },
      'gap: messages between cursor and prev are missing; nothing is applied until they have come',
    );
    this.#open(state, 'gap');
  }

  /** The missing message came. */
  closeGap(state: PartitionState): void {
    const { topic, partition } = state;
    if (!this.isGapOpen(state)) return;
    this.#losses.delete(partitionName(state));
    this.#deps.logger.info({ topic, partition }, 'gap closed: the missing messages have come');
  }

  /** Kafka holds less than was read, or than was to be read. */
  noteLoss(state: PartitionState, loss: string): void {
    const { topic, partition, readOffset, place } = state;
    const fields = { topic, partition, readOffset: String(readOffset), place: formatPlace(place) };
    this.#deps.logger.error(fields, `${loss}: Kafka no longer has what was read or was to be read`);
    this.#open(state, 'loss');
  }

  /** Asks again for what is due. To be called about every second. */
  tick(): void {
    for (const [name, loss] of this.#losses) {
      if (!loss.isAsking && loss.dueAt <= this.#deps.now()) void this.#ask(name, loss);
    }
  }

  /** Forgets everything: the partitions are assigned anew. */
  reset(): void {
    this.#losses.clear();
  }

  #open(state: PartitionState, kind: Loss['kind']): void {
    const name = partitionName(state);
    const known = this.#losses.get(name)?.kind;
    if (!this.#deps.isCurrent(state) || known === 'gap' || known === kind) return;
    const loss: Loss = { state, kind, asked: 0, dueAt: 0, isAsking: false };
    this.#losses.set(name, loss);
    void this.#ask(name, loss);
  }

  /**
   * One request at a time for a partition, each later than the one before: what was asked for comes behind all that
   * stands in the partition already, and asking again sends it all once more. The place is the one of this moment.
   */
  async #ask(name: string, loss: Loss): Promise<void> {
    const { requestRewind, logger, now } = this.#deps;
    const { topic, partition, place } = loss.state;
    loss.isAsking = true;
    loss.dueAt = now() + Math.min(ASK_FIRST_MS * 2 ** loss.asked, ASK_MOST_MS);
    try {
      await requestRewind(topic, partition, place);
      loss.asked += 1;
      logger.info({ topic, partition, place: formatPlace(place) }, 'asked the publisher to rewind');
      if (loss.kind === 'loss' && this.#losses.get(name) === loss) this.#losses.delete(name);
    } catch (error) {
      logger.warn({ err: error, topic, partition }, 'the publisher cannot rewind yet');
    } finally {
      loss.isAsking = false;
    }
  }
}
