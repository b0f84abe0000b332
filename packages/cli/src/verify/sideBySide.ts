// Reads three logs side by side, in an order in which every event comes behind the message that it answers.
import type { DataService } from '../config.ts';
import type { Cause } from './causes.ts';
import type { LogReader, RawEvent } from './rawEvents.ts';

/** One log with whoever takes its events. */
export interface Lane {
  readonly log: LogReader;
  readonly auditor: {
    readonly name: DataService;
    /** The position taken last. */
    readonly position: number;
    readonly causeOf: (raw: RawEvent) => Cause | undefined;
    readonly take: (raw: RawEvent) => Promise<void>;
  };
}

const PROGRESS_EVENTS = 100_000;

/**
 * Reads the logs to their ends, and gives how many events they had. An event that answers a message is taken only when
 * its publisher's log has been read up to that message: so little has to be remembered, since whatever belongs together
 * comes soon after another, as it did in time.
 */
export async function readSideBySide(
  lanes: readonly Lane[],
  onProgress: ((events: number) => void) | undefined,
): Promise<number> {
  const ended = new Set<DataService>();
  let events = 0;
  const mustWait = ({ auditor }: Lane, raw: RawEvent): boolean => {
    const cause = auditor.causeOf(raw);
    if (cause === undefined || ended.has(cause.publisher)) return false;
    const publisher = lanes.find((lane) => lane.auditor.name === cause.publisher);
    return publisher !== undefined && publisher.auditor.position < cause.place.position;
  };
  const take = async ({ auditor, log }: Lane, raw: RawEvent): Promise<void> => {
    await auditor.take(raw);
    log.advance();
    events += 1;
    if (events % PROGRESS_EVENTS === 0) onProgress?.(events);
  };
  const advance = async (lane: Lane): Promise<boolean> => {
    for (let moved = false; ; moved = true) {
      if (!lane.log.isReady()) await lane.log.load();
      const raw = lane.log.peek();
      if (raw === undefined) ended.add(lane.auditor.name);
      if (raw === undefined || mustWait(lane, raw)) return moved;
      await take(lane, raw);
    }
  };
  for (;;) {
    let moved = false;
    for (const lane of lanes) if (await advance(lane)) moved = true;
    if (moved) continue;
    const stuck = lanes.find(({ log }) => log.peek() !== undefined);
    const raw = stuck?.log.peek();
    if (stuck === undefined || raw === undefined) return events;
    // Two events that answer each other: no order fits, and the one that is taken will say so.
    await take(stuck, raw);
  }
}
