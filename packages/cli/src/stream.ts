// `orderflow stream`: the events of one stream, and the state that they give, now or at an earlier point.
import { Command, InvalidArgumentError } from 'commander';
import type { DataService } from './config.ts';
import { withSystem } from './system.ts';
import { runVerb, type VerbResult } from './verb.ts';
import type { ReadEvent } from './streams.ts';

/** Up to where a stream is read: a version, or a moment (ISO 8601, UTC, milliseconds). */
type Point = { readonly version: number } | { readonly time: string };

interface StreamOptions {
  readonly at?: Point;
  readonly json: boolean;
}

/** Events printed at most, the last ones; the state is that of all of them. */
const PRINTED_EVENTS = 1_000;

const SERVICE_OF: Readonly<Record<string, DataService>> = {
  user: 'users',
  product: 'inventory',
  order: 'orders',
};

/** The verb `stream`. */
export function streamCommand(): Command {
  return new Command('stream')
    .description('Shows the events of a stream, and the state at that point.')
    .argument('<id>', 'like user-1, product-3 or order-0190…')
    .option('--at <version or time>', 'a version, or a time like 2026-01-31T12:00:00Z', parsePoint)
    .option('--json', 'print the events and the state as JSON', false)
    .action((id: string, options: StreamOptions) =>
      runVerb(options.json, () => showStream(id, options)),
    );
}

/** Reads the value of `--at`. Throws InvalidArgumentError. */
function parsePoint(text: string): Point {
  if (/^[1-9]\d{0,9}$/.test(text)) return { version: Number(text) };
  const time = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time.getTime()))
    return { time: time.toISOString() };
  throw new InvalidArgumentError('It is a version like 12, or a time like 2026-01-31T12:00:00Z.');
}

function showStream(id: string, { at }: StreamOptions): Promise<VerbResult> {
  const service = SERVICE_OF[id.slice(0, id.indexOf('-'))];
  if (service === undefined)
    throw new Error(`There is no stream ${id}: ids are like user-1, product-3 or order-0190…`);
  return withSystem(async ({ parts, pools }) => {
    const { openStreams } = await import('./streams.ts');
    const kept: ReadEvent[] = [];
    const keep = (event: ReadEvent): void => {
      kept.push(event);
      if (kept.length > 2 * PRINTED_EVENTS) kept.splice(0, PRINTED_EVENTS);
    };
    const { version, hash, folded } = await openStreams(parts, pools)[service].read(
      ...([id, keep, (event: ReadEvent) => at === undefined || isUpTo(at, event)] as const),
    );
    if (version === 0)
      throw new Error(`${id} has no event${at === undefined ? '' : ' up to there'}`);
    const events = kept.slice(-PRINTED_EVENTS);
    const state = plain(folded);
    const lines = events.map(eventLine);
    const left = version - events.length;
    return {
      line: [
        ...(left > 0 ? [`(${left} earlier events are not shown)`] : []),
        ...lines,
        '',
        `${id} at version ${version}: ${JSON.stringify(state)}`,
      ].join('\n'),
      json: { streamId: id, version, hash, state, events: events.map(eventJson) },
    };
  });
}

function isUpTo(point: Point, { raw, event }: ReadEvent): boolean {
  return 'version' in point ? raw.version <= point.version : event.data.at <= point.time;
}

function eventLine({ raw, event }: ReadEvent): string {
  const { at, ...data } = event.data;
  return `${String(raw.version).padStart(6)}  ${at}  ${event.type} ${JSON.stringify(data)}  (position ${raw.position}, because of ${raw.cause.causationId})`;
}

function eventJson({ raw, event }: ReadEvent) {
  const { version, position, incarnation, schemaVersion, hash, cause } = raw;
  return { version, position, incarnation, schemaVersion, hash, cause, ...event };
}

/** States hold maps, which JSON does not know: they become lists of pairs. */
function plain(state: unknown): unknown {
  const text = JSON.stringify(state, (_name, value: unknown) =>
    value instanceof Map ? Array.from<unknown>(value) : value,
  );
  const parsed: unknown = JSON.parse(text);
  return parsed;
}
