// What one partition of a topic holds: the messages by their places, each with 53 bits of its content's hash.
import { comparePlaces, type Place } from '@orderflow/shared/messaging/chain.ts';

/** Numbers that grow: 8 bytes each, where an array of objects would take ten times as much. */
class Numbers {
  #values = new Float64Array(1_024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }
}

/** Messages in the order of their places. */
class Run {
  readonly #incarnations = new Numbers();
  readonly #positions = new Numbers();
  readonly #parts = new Numbers();
  readonly #digests = new Numbers();
  #next = 0;

  get length(): number {
    return this.#positions.length;
  }

  placeAt(index: number): Place {
    return {
      incarnation: this.#incarnations.at(index),
      position: this.#positions.at(index),
      part: this.#parts.at(index),
    };
  }

  /** False if it does not stand behind all others. */
  append(place: Place, digest: number): boolean {
    if (this.length > 0 && comparePlaces(place, this.placeAt(this.length - 1)) <= 0) return false;
    this.#incarnations.push(place.incarnation);
    this.#positions.push(place.position);
    this.#parts.push(place.part);
    this.#digests.push(digest);
    return true;
  }

  /** The digest of the message at a place; undefined if it is not there. */
  find(place: Place): number | undefined {
    let [low, high] = [0, this.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = comparePlaces(this.placeAt(middle), place);
      if (order === 0) return this.#digests.at(middle);
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** As `PartitionContent.next`; adds those before the place to `skipped`. */
  next(place: Place, skipped: Place[]): number | undefined {
    for (; this.#next < this.length; this.#next += 1) {
      const order = comparePlaces(this.placeAt(this.#next), place);
      if (order > 0) return undefined;
      if (order === 0) return this.#digests.at(this.#next++);
      skipped.push(this.placeAt(this.#next));
    }
    return undefined;
  }
}

/** Each time a relay goes back because of a loss may begin a run. So often in one partition is no loss that healed. */
const MAX_RUNS = 64;

/** What became of a record: a 'late' one stands behind a later message, and was not there before. */
export type Added = 'new' | 'repeat' | 'different' | 'late' | 'out of order';

/** One partition. */
export class PartitionContent {
  /** The first has what came in order, the others what came late. */
  readonly #runs: Run[] = [new Run()];
  /** The first late message since the last loss that healed, and the one that must come once more behind it. */
  #unmended: { readonly late: Place; readonly again: Place } | undefined;

  /** True if nothing was ever written to the partition: then Kafka has deleted nothing of it. */
  isUnwritten = false;

  /** The message that comes first of all; undefined if there is none. */
  get first(): Place | undefined {
    return this.#runs
      .filter(({ length }) => length > 0)
      .map((run) => run.placeAt(0))
      .toSorted(comparePlaces)[0];
  }

  /** The message that stands behind all others; undefined if there is none. */
  get last(): Place | undefined {
    const [main] = this.#runs;
    return main === undefined || main.length === 0 ? undefined : main.placeAt(main.length - 1);
  }

  /** Adds a record. 'out of order': it comes late once too often, and was not taken. */
  add(place: Place, digest: number): Added {
    this.#mend(place);
    const [main] = this.#runs;
    // Whatever came late stands before the last of the first run: what is behind that is in no run.
    if (main?.append(place, digest) === true) return 'new';
    const known = this.#runs.map((run) => run.find(place)).find((found) => found !== undefined);
    if (known !== undefined) return known === digest ? 'repeat' : 'different';
    if (!this.#runs.some((run) => run.append(place, digest))) {
      if (this.#runs.length === MAX_RUNS) return 'out of order';
      const run = new Run();
      run.append(place, digest);
      this.#runs.push(run);
    }
    const again = main?.placeAt(main.length - 1) ?? place;
    this.#unmended = { late: this.#unmended?.late ?? place, again };
    return 'late';
  }

  /** A late message behind which the later ones were not sent again: a relay that heals a loss sends all of them. */
  get unmended(): { readonly late: Place; readonly again: Place } | undefined {
    return this.#unmended;
  }

  /** The digest of the message at a place, asked for in their order; undefined if it is not there. `skipped`: those before it. */
  next(place: Place): { readonly digest: number | undefined; readonly skipped: readonly Place[] } {
    const skipped: Place[] = [];
    const digests = this.#runs.map((run) => run.next(place, skipped));
    return { digest: digests.find((digest) => digest !== undefined), skipped };
  }

  /** What stood behind the loss has come again, or the log has begun another incarnation since. */
  #mend(place: Place): void {
    if (this.#unmended === undefined) return;
    const { again } = this.#unmended;
    if (comparePlaces(place, again) === 0 || place.incarnation > again.incarnation)
      this.#unmended = undefined;
  }
}
