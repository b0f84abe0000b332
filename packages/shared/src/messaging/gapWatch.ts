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

/** The losses of the partitions that are assigned now. */
export interface GapWatch {
  /** True while messages of the partition are dropped because one before them is missing. */
  isGapOpen(state: PartitionState): boolean;
  /** A message came whose predecessor did not: nothing is applied until it has come. */
  openGap(state: PartitionState, cursor: Place, message: InboundMessage): void;
  /** The missing message came. */
  closeGap(state: PartitionState): void;
  /** Kafka holds less than was read: asked for once, until the publisher has taken the request. */
  noteLoss(state: PartitionState, loss: string): void;
  /** Asks again for what is due. To be called about every second. */
  tick(): void;
  /** Forgets everything: the partitions are assigned anew. */
  reset(): void;
}

interface Loss {
  readonly state: PartitionState;
  readonly kind: 'gap' | 'loss';
  asked: number;
  dueAt: number;
  asking: boolean;
}

/** Makes the watch. */
export function createGapWatch(deps: GapWatchDeps): GapWatch {
  const { requestRewind, logger, now, isCurrent } = deps;
  const losses = new Map<string, Loss>();

  /**
   * One request at a time for a partition, each later than the one before: what was asked for comes behind all that
   * stands in the partition already, and asking again sends it all once more. The place is the one of this moment.
   */
  async function ask(name: string, loss: Loss): Promise<void> {
    const { topic, partition, place } = loss.state;
    loss.asking = true;
    loss.dueAt = now() + Math.min(ASK_FIRST_MS * 2 ** loss.asked, ASK_MOST_MS);
    try {
      await requestRewind(topic, partition, place);
      loss.asked += 1;
      logger.info({ topic, partition, place: formatPlace(place) }, 'asked the publisher to rewind');
      if (loss.kind === 'loss' && losses.get(name) === loss) losses.delete(name);
    } catch (error) {
      logger.warn({ err: error, topic, partition }, 'the publisher cannot rewind yet');
    } finally {
      loss.asking = false;
    }
  }

  function open(state: PartitionState, kind: Loss['kind']): void {
    const name = partitionName(state);
    const known = losses.get(name);
    if (!isCurrent(state) || known?.kind === 'gap' || known?.kind === kind) return;
    const loss: Loss = { state, kind, asked: 0, dueAt: 0, asking: false };
    losses.set(name, loss);
    void ask(name, loss);
  }

  return {
    isGapOpen: (state) => losses.get(partitionName(state))?.kind === 'gap',
    openGap(state, cursor, { id, prev, place }) {
      const { topic, partition } = state;
      if (losses.get(partitionName(state))?.kind !== 'gap')
        logger.error(
          {
            ...{ topic, partition, message: id, cursor: formatPlace(cursor) },
            ...{ prev: formatPlace(prev), place: formatPlace(place) },
          },
          'gap: messages between cursor and prev are missing; nothing is applied until they have come',
        );
      open(state, 'gap');
    },
    closeGap(state) {
      const { topic, partition } = state;
      if (losses.get(partitionName(state))?.kind !== 'gap') return;
      losses.delete(partitionName(state));
      logger.info({ topic, partition }, 'gap closed: the missing messages have come');
    },
    noteLoss(state, loss) {
      const { topic, partition, readOffset, place } = state;
      const fields = {
        topic,
        partition,
        readOffset: String(readOffset),
        place: formatPlace(place),
      };
      logger.error(fields, `${loss}: Kafka no longer has what was read or was to be read`);
      open(state, 'loss');
    },
    tick() {
      for (const [name, loss] of losses) {
        if (!loss.asking && loss.dueAt <= now()) void ask(name, loss);
      }
    },
    reset: () => losses.clear(),
  };
}
