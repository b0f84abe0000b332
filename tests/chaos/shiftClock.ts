// Loaded before a service's own code (--import): the service then lives so many milliseconds ahead of the true time, or behind.
// The offset stands in this module's own address: shiftClock.ts?offsetMs=-3600000. Timers and performance.now() stay true.
const offsetMs = Number(new URL(import.meta.url).searchParams.get('offsetMs'));
if (!Number.isSafeInteger(offsetMs)) throw new Error('shiftClock.ts needs ?offsetMs=N');

/** A date of no arguments is now; all others are what they say. */
class ShiftedDate extends Date {
  constructor(...given: [] | ConstructorParameters<typeof Date>) {
    if (given.length === 0) super(ShiftedDate.now());
    else super(...given);
  }

  static override now(): number {
    return super.now() + offsetMs;
  }
}

Object.assign(globalThis, { Date: ShiftedDate });
