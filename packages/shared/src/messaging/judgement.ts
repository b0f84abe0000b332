// The records of one partition judged in order: repeat, next, gap or unreadable; nothing is decided yet.
import { isVoid, judge, type LogHistory, type Place } from './chain.ts';
import { parseEnvelope, type InboundMessage } from './envelope.ts';
import type { Progress } from './partitionState.ts';
import type { IncomingRecord } from './transport.ts';

/** A record as the chain sees it. `after` is how far the partition is once it is dealt with. */
export type Judged = { readonly record: IncomingRecord; readonly after: Progress } & (
  | { readonly kind: 'repeat' }
  | { readonly kind: 'next'; readonly message: InboundMessage }
  | { readonly kind: 'gap'; readonly message: InboundMessage; readonly cursor: Place }
  | { readonly kind: 'unreadable'; readonly reason: string }
);

/** A message that is to be handled. */
export type NextMessage = Extract<Judged, { kind: 'next' }>;

/**
 * Judges records against the place handled last, as if each 'next' one before were handled. What a restored publisher
 * has lost is passed over like a repeat, whatever it names as its predecessor.
 * While a gap is open nothing but the missing message moves the place, and `nextOffset` stays before the gap: after a
 * restart the message that showed it is read again, so a loss cannot be forgotten.
 */
export function judgeRecords(
  from: Progress,
  gapIsOpen: boolean,
  records: readonly IncomingRecord[],
  history?: LogHistory,
): readonly Judged[] {
  const judged: Judged[] = [];
  let { place, nextOffset } = from;
  let inGap = gapIsOpen;
  for (const record of records) {
    const readOffset = record.offset + 1n;
    const here = (): Progress => ({ place, nextOffset, readOffset });
    const message = tryParse(record);
    if (message instanceof Error) {
      // Not of our publisher's chain, so it has no place; it was parked before if it was read before.
      const isNew = record.offset >= nextOffset;
      if (!inGap && isNew) nextOffset = readOffset;
      judged.push(
        isNew
          ? { kind: 'unreadable', record, reason: message.message, after: here() }
          : { kind: 'repeat', record, after: here() },
      );
      continue;
    }
    const isLost = history !== undefined && isVoid(history, message.place);
    const link = isLost ? 'repeat' : judge(place, message);
    switch (link) {
      case 'repeat':
        if (!inGap && readOffset > nextOffset) nextOffset = readOffset;
        judged.push({ kind: 'repeat', record, after: here() });
        break;
      case 'next':
        inGap = false;
        place = message.place;
        nextOffset = readOffset;
        judged.push({ kind: 'next', record, message, after: here() });
        break;
      case 'gap':
        inGap = true;
        judged.push({ kind: 'gap', record, message, cursor: place, after: here() });
        break;
    }
  }
  return judged;
}

function tryParse(record: IncomingRecord): InboundMessage | Error {
  try {
    if (record.value === null) return new Error('The record has no value');
    return parseEnvelope(record.value.toString('utf8'));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
