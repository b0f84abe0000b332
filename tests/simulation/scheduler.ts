// Virtual time: a queue of what is due, and the loop that lets one thing after the other happen.

/** On whose behalf something happens: a simulated process. What belongs to a dead one never happens. */
export interface Owner {
  readonly isDead: boolean;
  /** Halted until then: what is due before happens then. */
  readonly pausedUntil: number;
  /** How far its wall clock is from the true time; the clock that only goes forward is not touched. */
  readonly skewMs: number;
}

/** Something that will happen. */
export interface Due {
  at: number;
  order: number;
  readonly owner: Owner | undefined;
  /** Undefined once it was cancelled. */
  run: (() => void) | undefined;
}

/** More than any run takes: one that goes round in circles without time going on ends here. */
const MAX_EVENTS = 3_000_000;

/** The queue and the present moment, in milliseconds since the run began. */
export class Scheduler {
  readonly #heap: Due[] = [];
  #order = 0;
  #events = 0;
  #now = 0;
  #current: Owner | undefined;

  get now(): number {
    return this.#now;
  }

  /** Who acts at this moment; undefined: the world itself. */
  get current(): Owner | undefined {
    return this.#current;
  }

  /** How many things have happened. */
  get events(): number {
    return this.#events;
  }

  /** Lets something happen after `delayMs`, on behalf of `owner`; things due at one moment happen in the order asked. */
  schedule(delayMs: number, owner: Owner | undefined, run: () => void): Due {
    const delay = Number.isFinite(delayMs) && delayMs > 0 ? delayMs : 0;
    const due = { at: this.#now + delay, order: (this.#order += 1), owner, run };
    this.#push(due);
    return due;
  }

  /** Lets the next thing happen; false when there is none. */
  runNext(): boolean {
    for (let due = this.#pop(); due !== undefined; due = this.#pop()) {
      const { owner, run } = due;
      if (run === undefined || owner?.isDead === true) continue;
      if (owner !== undefined && owner.pausedUntil > due.at) {
        // The same entry, so that whoever holds it can still cancel it.
        due.at = owner.pausedUntil;
        due.order = this.#order += 1;
        this.#push(due);
        continue;
      }
      this.#events += 1;
      if (this.#events > MAX_EVENTS) throw new Error(`More than ${MAX_EVENTS} events in one run`);
      this.#now = due.at;
      this.#current = owner;
      run();
      return true;
    }
    return false;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(due);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(due, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      const right = heap[below + 1];
      let child = heap[below];
      if (child === undefined) break;
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        below += 1;
      }
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Immediates queued at once: each is followed by all microtasks of what it did, without a turn of the real loop. */
const STEPS_PER_TURN = 64;
const realSetImmediate = setImmediate;

/**
 * Lets things happen until `isOver`, or until nothing is due any more. Between two of them all promises that were
 * settled are followed up, as Node does between two immediates.
 */
export function drive(scheduler: Scheduler, isOver: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let ended = false;
    const step = (): void => {
      if (ended) return;
      try {
        if (!isOver() && scheduler.runNext()) return;
        ended = true;
        resolve();
      } catch (error) {
        ended = true;
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const turn = (): void => {
      if (ended) return;
      for (let count = 0; count < STEPS_PER_TURN; count += 1) realSetImmediate(step);
      realSetImmediate(turn);
    };
    turn();
  });
}
