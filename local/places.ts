// Where the launcher keeps things: all under .orderflow/ in the checkout, which git ignores.
import path from 'node:path';

/** The checkout's root. */
export const CHECKOUT = path.resolve(import.meta.dirname, '..');

/** The launcher's folder in a checkout. */
export const STATE_DIR = path.join(CHECKOUT, '.orderflow');

/** Where services keep their compiled code, for all runs: Node looks at each source's hash before it uses what is here. */
export const COMPILE_CACHE_DIR = path.join(STATE_DIR, 'compile-cache');

/** The folders of one run: of `npm start`, or of one run of `npm test`. */
export interface RunPlaces {
  /** What its folder of embedded data is called. */
  readonly name: string;
  /** Pid files and the lock. */
  readonly runDir: string;
  readonly logDir: string;
  /** Holds the database's data instead of the folder that the others' lies in. */
  readonly databaseHome?: string | undefined;
}

/** The folders of `npm start`. */
export const START_PLACES: RunPlaces = {
  name: 'start',
  runDir: path.join(STATE_DIR, 'run'),
  logDir: path.join(STATE_DIR, 'logs'),
};

/** The folders of one run of `npm test`, apart from those of `npm start` and of other test runs. */
export function testPlaces(name: string): RunPlaces {
  const base = path.join(STATE_DIR, name);
  return { name, runDir: path.join(base, 'run'), logDir: path.join(base, 'logs') };
}
