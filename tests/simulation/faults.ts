// What can go wrong in a run, and what operators do about it, as a list: each can be left out by itself, which is how a
// failure is shrunk.
import type { Wish } from '@orderflow/shared/eventstore/eventStore.ts';

/** The services that run here; the clients stand for the gateway. */
export type ServiceName = 'orders' | 'inventory' | 'users';

/**
 * What a process does with the world outside; the n-th time of one of these is a moment at which a fault can strike. A
 * commit with which parked messages leave or are answered is a `redrive`.
 */
export type Step =
  'read' | 'commit' | 'redrive' | 'positions' | 'snapshot' | 'ask' | 'send' | 'fetch' | 'offsets';

/** A fault at the n-th (1-based) step of a kind in the life of a process, its restarts included. */
export interface AtStep {
  /** `orders-0`: the first instance of orders. */
  readonly process: string;
  readonly step: Step;
  readonly nth: number;
}

/** When, with regard to its step, a process dies. */
export const CRASH_TIMES = ['before', 'inside', 'after'] as const;
/** What a database may do, but for doing what it is asked. */
export const DATABASE_TROUBLES = [
  ...(['unavailable', 'busy', 'not_committed'] as const),
  ...(['unknown_done', 'unknown_lost', 'unknown_late'] as const),
] as const;
/** What may become of a send. */
export const SEND_TROUBLES = [
  ...(['dropped', 'unacknowledged', 'late'] as const),
  ...(['repeated', 'partial', 'too_large'] as const),
] as const;

/** A fault at a moment, in milliseconds since the run began. */
interface AtTime {
  readonly at: number;
}

/**
 * crash: the process dies before the step, after it (its answer never comes), or inside: what was asked still happens,
 * a moment after the death.
 */
export type Crash = AtStep & {
  readonly kind: 'crash';
  readonly when: (typeof CRASH_TIMES)[number];
  readonly downMs: number;
};

/**
 * A database that refuses (`unavailable`, `busy`: a deadlock or lock wait) or does not tell: `not_committed` was found
 * out, an `unknown` commit has happened, will not happen, or will happen a moment later.
 */
export type DatabaseTrouble = AtStep & {
  readonly kind: 'database';
  readonly how: (typeof DATABASE_TROUBLES)[number];
};

/** The step takes long: the process stands still in it, before or after what it asked for has happened. */
export type Slowness = AtStep & {
  readonly kind: 'slow';
  readonly when: 'before' | 'after';
  readonly ms: number;
};

/** What becomes of the n-th send: lost, stored but not acknowledged, delayed past its time-out, stored twice, in part. */
export type SendTrouble = AtStep & {
  readonly kind: 'send';
  readonly step: 'send';
  readonly how: (typeof SEND_TROUBLES)[number];
  readonly ms: number;
};

/** A fault of a process at a moment: killed, asked to end, halted, its streams cut, another wall clock. */
export type ProcessTrouble = AtTime & {
  readonly kind: 'kill' | 'drain' | 'pause' | 'cut' | 'skew';
  readonly process: string;
  readonly ms: number;
};

/** The group's partitions are handed out anew, in another way; who had them works on until it hears of it. */
export type Handover = AtTime & { readonly kind: 'handover'; readonly service: ServiceName };

/** Nobody reaches the server for a while. */
export type Away = AtTime & {
  readonly kind: 'away';
  readonly server: 'kafka' | ServiceName;
  readonly ms: number;
};

/**
 * tail: the last records of a partition are gone; head: the first ones (retention); lost: the topic is gone; emptied:
 * gone and made again by somebody else; junk: somebody writes a record that is no message; damaged: the last record
 * cannot be read any more.
 */
export type TopicTrouble = AtTime & {
  readonly kind: 'tail' | 'head' | 'lost' | 'emptied' | 'junk' | 'damaged';
  readonly topic: string;
  readonly partition: number;
  readonly count: number;
};

/** A bug that concerns one order: `consumer` throws at each message of the n-th order, until it is mended. */
export interface Poison {
  readonly kind: 'poison';
  readonly consumer: 'orders' | 'inventory';
  readonly order: number;
  /** Milliseconds since the run began; left out: it never is. */
  readonly mendedAt?: number;
}

/** What an operator wishes of a parked key: as soon as one is parked, but not before `after`. */
export interface ParkedWish {
  readonly kind: 'wish';
  readonly wish: Wish;
  /** Which of the keys that are parked then; counted round. */
  readonly key: number;
  /** Milliseconds since the run began. */
  readonly after: number;
}

/** Inventory's schema is brought back to where it was `commits` commits ago, under a higher incarnation. */
export type Restore = AtTime & { readonly kind: 'restore'; readonly commits: number };

/** At rest, when everything is handled, all topics are lost: they must be filled again, and nothing may come of it. */
export interface Wipe {
  readonly kind: 'wipe';
}

/** Anything that can go wrong. */
export type Fault =
  | Crash
  | DatabaseTrouble
  | Slowness
  | SendTrouble
  | ProcessTrouble
  | Handover
  | Away
  | TopicTrouble
  | Poison
  | ParkedWish
  | Restore
  | Wipe;

/** Faults that strike at a step. */
export type StepFault = Extract<Fault, AtStep>;
/** Faults that strike at a moment. */
export type TimedFault = Extract<Fault, AtTime>;

/** True for a fault after which Kafka lacks what it once had, so that a consumer may rightly speak of a gap. */
export function losesMessages(kind: Fault['kind']): boolean {
  return ['tail', 'head', 'lost', 'emptied', 'damaged', 'wipe'].includes(kind);
}

/** Where step faults wait until their step comes. */
export class StepFaults {
  readonly #waiting = new Map<string, StepFault[]>();
  readonly #counts = new Map<string, number>();
  #isOver = false;
  /** Told of each fault whose step has come. */
  onStruck: (kind: Fault['kind']) => void = () => undefined;

  constructor(faults: readonly Fault[]) {
    for (const fault of faults) {
      if (!('step' in fault)) continue;
      const key = `${fault.process}/${fault.step}/${fault.nth}`;
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), fault]);
    }
  }

  /** Counts a step of the process, and gives what goes wrong with it. */
  take(process: string, step: Step): readonly StepFault[] {
    const counter = `${process}/${step}`;
    const nth = (this.#counts.get(counter) ?? 0) + 1;
    this.#counts.set(counter, nth);
    const struck = this.#isOver ? undefined : this.#waiting.get(`${counter}/${nth}`);
    if (struck === undefined) return [];
    for (const { kind } of struck) this.onStruck(kind);
    return struck;
  }

  /** How often each process has come to each step so far: `orders-0/commit`. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    this.#isOver = true;
  }
}
