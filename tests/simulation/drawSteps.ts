// What strikes at a step of a process.
import {
  CRASH_TIMES,
  DATABASE_TROUBLES,
  type AtStep,
  type Crash,
  type DatabaseTrouble,
  type Slowness,
} from './faults.ts';
import type { Random } from './random.ts';

/** The process dies there, and is away for up to 5 s. */
export function crashAt(random: Random, at: AtStep): Crash {
  const when = random.pick(CRASH_TIMES);
  const downMs = random.chance(0.2) ? random.between(2_000, 5_000) : random.between(20, 1_000);
  return { ...at, kind: 'crash', when, downMs };
}

/** The database does something else than it is asked for, or does not say. */
export function databaseTroubleAt(random: Random, at: AtStep): DatabaseTrouble {
  return { ...at, kind: 'database', how: random.pick(DATABASE_TROUBLES) };
}

/** It takes up to 8 s. */
export function slownessAt(random: Random, at: AtStep): Slowness {
  const when = random.pick(['before', 'after'] as const);
  const ms = random.chance(0.3) ? random.between(1_000, 8_000) : random.between(20, 500);
  return { ...at, kind: 'slow', when, ms };
}
