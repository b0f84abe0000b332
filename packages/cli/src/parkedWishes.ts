// A wish about a parked key is written beside its first message; the owner of the partition does it, and answers there.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeptMessage, Wish } from '@orderflow/shared/eventstore/eventStore.ts';
import {
  readParkedRest,
  readParkedRows,
  writeWish,
  type ParkedRest,
} from '@orderflow/shared/eventstore/parkedRows.ts';
import { comparePlaces, formatPlace, parsePlace } from '@orderflow/shared/messaging/chain.ts';
import { UNREADABLE_KEY } from '@orderflow/shared/messaging/openBatch.ts';
import { findKey, stateOf, withPools, type FoundKey, type ParkedOptions } from './parkedKeys.ts';
import type { VerbResult } from './verb.ts';

/** What the verbs that wish something can be told. */
export interface WishOptions extends ParkedOptions {
  readonly message?: string;
  readonly waitSeconds: number;
}

const LOOK_INTERVAL_MS = 250;

/** `parked retry` and `parked drop`: throws an Error that says what stays, and why, if the wish is not fulfilled. */
export function wishFor(wish: Wish, key: string, options: WishOptions): Promise<VerbResult> {
  return withPools(async (pools) => {
    const found = await findKey(pools, key, options);
    const message = await meant(found, options.message);
    // Redriven in between: what was meant is parked no longer.
    if (!(await writeWish(found.pool, message, wish)))
      throw new Error(
        `${formatPlace(message.place)} is parked no longer: see \`orderflow parked list\``,
      );
    const left = await untilAnswered(found, message, options.waitSeconds);
    return wish === 'retry' ? retried(found, left) : dropped(message, left);
  });
}

/**
 * The message that the wish stands at: the key's first. A message cannot be given up before those in front of it: they would
 * be handled after it. Records that are no messages have no order.
 */
async function meant(found: FoundKey, place: string | undefined): Promise<KeptMessage> {
  if (place === undefined) return found.first;
  const wanted = parsePlace(place);
  if (comparePlaces(found.first.place, wanted) === 0) return found.first;
  const [message] = await readParkedRows(found.pool, found, 1, wanted);
  if (message === undefined || comparePlaces(message.place, wanted) !== 0)
    throw new Error(`${place} is not parked: see \`orderflow parked show ${found.key}\``);
  if (found.key === UNREADABLE_KEY) return message;
  throw new Error(
    `${place} stands behind ${formatPlace(found.first.place)}: the messages of a key leave in their order, that one first`,
  );
}

/** What is parked of the key once nobody wishes anything any more. Throws an Error when that takes too long. */
async function untilAnswered(
  found: FoundKey,
  message: KeptMessage,
  waitSeconds: number,
): Promise<ParkedRest> {
  const from = found.key === UNREADABLE_KEY ? message.place : undefined;
  const endsAt = performance.now() + waitSeconds * 1_000;
  for (;;) {
    const left = await readParkedRest(found.pool, found, from);
    if (left.wishedCount === 0) return left;
    if (performance.now() >= endsAt)
      throw new Error(
        `The wish is recorded, and was not done within ${waitSeconds} s: a process of ${found.consumer} that owns partition ` +
          `${message.partition} of ${found.topic} does it as soon as it can (is one running and ready?)`,
      );
    await sleep(LOOK_INTERVAL_MS);
  }
}

function retried(found: FoundKey, { count, first }: ParkedRest): VerbResult {
  const { consumer, topic, key } = found;
  const json = { consumer, topic, key, left: count };
  if (first === undefined)
    return { line: `All messages of key ${key} are handled: it is free`, json };
  throw new Error(
    `Key ${key} stays parked with ${count} messages, from ${formatPlace(first.place)} on: ${stateOf(first)}`,
  );
}

function dropped(message: KeptMessage, { count, first }: ParkedRest): VerbResult {
  const { consumer, topic, key } = message;
  const place = formatPlace(message.place);
  // What was wished about is the first that was looked at.
  if (first !== undefined && comparePlaces(first.place, message.place) === 0)
    throw new Error(`${place} stays parked: ${stateOf(first)}`);
  const rest =
    count === 0
      ? 'its key is free'
      : `${count} messages wait behind it: \`orderflow parked retry ${key}\` handles them`;
  return {
    line: `${place} is dropped; ${rest}`,
    json: { consumer, topic, key, place, left: count },
  };
}
