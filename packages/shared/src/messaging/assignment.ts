// The partitions that the group has given to this process, from one join to the next.
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Exclusive } from './mutex.ts';
import { assignedPartition, partitionName, type PartitionState } from './partitionState.ts';
import type { Outcome } from './settle.ts';
import { backOff } from './signal.ts';
import type { TopicPartition } from './transport.ts';

const WAIT_FIRST_MS = 200;
const WAIT_MOST_MS = 5_000;
/** A partition whose cursor another one has moved is looked at again after this, if the group leaves it to us. */
const LOST_FIRST_MS = 1_000;
const LOST_MOST_MS = 10_000;

/** What an assignment needs. */
export interface AssignmentDeps {
  readonly exclusive: Exclusive;
  /** Reads cursors, seeks, and resumes; throws retryable AppErrors. */
  readonly load: (states: readonly PartitionState[], isCurrent: () => boolean) => Promise<void>;
  readonly pause: (states: readonly TopicPartition[]) => void;
  /** Called at each join: whatever was kept in memory may be another's by now. */
  readonly forget: () => void;
  readonly onBug: (error: unknown) => void;
  readonly logger: Logger;
}

/** The assigned partitions. */
export interface Assignment {
  /** Takes over a new assignment, at once: nothing of it is handled before its cursors were read. */
  replace(partitions: readonly TopicPartition[]): void;
  find(at: TopicPartition): PartitionState | undefined;
  all(): readonly PartitionState[];
  /** Pauses what could not be settled, and brings it back by a timer. */
  setAside(outcome: Outcome): void;
  /** Ends it without another: nothing comes back any more. */
  end(): void;
}

/** Makes an empty assignment. */
export function createAssignment(deps: AssignmentDeps): Assignment {
  const { exclusive, load, pause, forget, onBug, logger } = deps;
  let states = new Map<string, PartitionState>();
  const timers = new Set<NodeJS.Timeout>();

  function clear(): void {
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
    states = new Map();
  }

  /** By a timer, not by a sleeping handler: kafkajs fetches nothing before all handlers of a fetch have returned. */
  function bringBackLater(those: readonly PartitionState[], delayMs: number): void {
    pause(those);
    const timer = setTimeout(() => {
      timers.delete(timer);
      bringBack(those);
    }, delayMs);
    timers.add(timer);
  }

  function bringBack(those: readonly PartitionState[]): void {
    const mine = states;
    const isCurrent = (): boolean => states === mine;
    exclusive(async () => {
      if (!isCurrent()) return;
      try {
        await load(those, isCurrent);
      } catch (error) {
        if (!(error instanceof AppError && error.retryable)) throw error;
        if (isCurrent()) wait(those, error);
      }
    }).catch(onBug);
  }

  function wait(those: readonly PartitionState[], error: unknown): void {
    if (those.length === 0) return;
    for (const state of those) {
      state.phase = 'waiting';
      state.failures += 1;
    }
    const failures = Math.max(...those.map((state) => state.failures));
    const partitions = those.map(partitionName);
    logger.warn({ err: error, partitions, failures }, 'partitions wait and are tried again');
    bringBackLater(those, backOff(failures, WAIT_FIRST_MS, WAIT_MOST_MS));
  }

  return {
    replace(partitions) {
      clear();
      forget();
      states = new Map(partitions.map((at) => [partitionName(at), assignedPartition(at)]));
      logger.info({ partitions: [...states.keys()] }, 'partitions assigned');
      pause(partitions);
      bringBack([...states.values()]);
    },
    find: (at) => states.get(partitionName(at)),
    all: () => [...states.values()],
    setAside({ lost, stalled }) {
      // A batch may end after the next join: its states are nobody's then.
      const isCurrent = (state: PartitionState): boolean =>
        states.get(partitionName(state)) === state;
      const gone = lost.filter(isCurrent);
      for (const state of gone) {
        state.phase = 'lost';
        state.failures += 1;
        const fields = { partition: partitionName(state) };
        logger.warn(fields, 'another owner has moved the cursor: the partition is left to it');
        // The group may not know of the other one (it was slow, and is out of the group): then we go on from its place.
        bringBackLater([state], backOff(state.failures, LOST_FIRST_MS, LOST_MOST_MS));
      }
      const waiting = stalled.filter(({ state }) => isCurrent(state));
      const causes = Map.groupBy(waiting, ({ error }) => error);
      for (const [error, those] of causes)
        wait(
          those.map(({ state }) => state),
          error,
        );
    },
    end: clear,
  };
}
