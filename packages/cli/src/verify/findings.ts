// What an audit has found: breaches, each named and filed under the promise that it breaks, and figures.

/** The promises of the system that a log and its databases can show; P10 is not among them. */
export const PROMISES = {
  P1: 'no oversell',
  P2: 'added = available + held + sold',
  P3: 'every order one decision',
  P4: 'decided in the order of the requests',
  P5: 'decisions as the rules give them',
  P6: 'read models as their events give them',
  P7: 'every event in the stream of its id',
  P8: 'every message one effect',
  P9: 'logs and topics whole and unchanged',
} as const;

export type Promised = keyof typeof PROMISES;

/** All promises, by number. */
export const PROMISE_NAMES: readonly Promised[] = [
  ...(['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9'] as const),
];

/** One breach in words. */
export interface Breach {
  readonly promise: Promised;
  readonly text: string;
}

/** Breaches kept in words for each promise; more are counted only. */
const KEPT_LIMIT = 100;

/** Gathers what is found. */
export class Findings {
  readonly #breaches: Breach[] = [];
  readonly #doubts: string[] = [];
  readonly #found = new Map<Promised, number>();
  readonly #checked = new Map<Promised, number>();

  /** Notes a breach, or `count` of them under one text. */
  breach(promise: Promised, text: string, count = 1): void {
    const before = this.#found.get(promise) ?? 0;
    this.#found.set(promise, before + count);
    if (before < KEPT_LIMIT) this.#breaches.push({ promise, text });
  }

  /** Notes what may be lawful, or somebody's hand. */
  doubt(text: string): void {
    this.#doubts.push(text);
  }

  /** Notes that something was looked at for a promise. */
  checked(promise: Promised, count = 1): void {
    this.#checked.set(promise, (this.#checked.get(promise) ?? 0) + count);
  }

  /** What may be lawful, in words. */
  get doubts(): readonly string[] {
    return this.#doubts;
  }

  /** The breaches in words, at most a hundred for each promise. */
  get breaches(): readonly Breach[] {
    return this.#breaches;
  }

  /** How many breaches were found of a promise, and how many things were looked at for it. */
  figuresOf(promise: Promised): { readonly checked: number; readonly breaches: number } {
    return {
      checked: this.#checked.get(promise) ?? 0,
      breaches: this.#found.get(promise) ?? 0,
    };
  }

  /** All breaches, those that were counted only too. */
  get total(): number {
    return [...this.#found.values()].reduce((sum, count) => sum + count, 0);
  }
}
