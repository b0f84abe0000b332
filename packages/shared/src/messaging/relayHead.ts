// Whether the log still holds what was published from it: a restored backup may end before it.
import { AppError } from '../runtime/appError.ts';
import { comparePlaces, formatPlace, START, type Place } from './chain.ts';
import type { RelayCursor } from './relayPositions.ts';

/** What the log's head says of the cursors: they fit; the log must be looked at from its beginning; it lost its end. */
export type LogCheck =
  | { readonly kind: 'fits' }
  | { readonly kind: 'rescan'; readonly cursors: readonly RelayCursor[] }
  | { readonly kind: 'lost'; readonly error: AppError };

/**
 * Compares the head, read after the cursors, with the cursors.
 * 'rescan': the incarnation was raised since the last message. Positions that were scanned before may carry new events
 * now, so the scan begins at zero; the places, which order by incarnation first, leave out what was sent.
 * 'lost': messages were published that the log does not hold, in the same incarnation. New events would take their
 * places and be skipped as repeats by every consumer.
 */
export function logBehindCursors(
  topic: string,
  head: { readonly incarnation: number; readonly position: number },
  cursors: readonly RelayCursor[],
): LogCheck {
  const furthest = cursors.reduce<Place>(
    (most, { place }) => (comparePlaces(place, most) > 0 ? place : most),
    START,
  );
  if (furthest.incarnation < head.incarnation)
    return {
      kind: 'rescan',
      cursors: cursors.map((cursor) => ({ ...cursor, scannedPosition: 0 })),
    };
  const scanned = Math.max(...cursors.map(({ scannedPosition }) => scannedPosition));
  const published = Math.max(furthest.position, scanned);
  if (furthest.incarnation === head.incarnation && published <= head.position)
    return { kind: 'fits' };
  return {
    kind: 'lost',
    error: new AppError(
      'log_behind_topic',
      `The event log ends at ${head.incarnation}.${head.position}, but ${topic} was served up to ` +
        `${formatPlace(furthest)} (position ${published}): the schema was put back to an earlier state. ` +
        'Raise the incarnation, so that new events cannot be taken for old ones: ' +
        'UPDATE log_head SET incarnation = incarnation + 1. Then start again.',
      { retryable: false },
    ),
  };
}
