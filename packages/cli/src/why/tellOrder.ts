// The story of one order: what its stream says, what the streams of its products say of it, and what is still on its way.
import { z } from 'zod';
import type { Place } from '@orderflow/shared/messaging/chain.ts';
import type { ServicePools } from '../serviceLogs.ts';
import type { ReadEvent, StreamSource } from '../streams.ts';
import { causeIn, nameOfEvent } from '../verify/causes.ts';
import { readArrays } from '../verify/rawEvents.ts';
import type { Delivery } from './delivery.ts';

/** One thing that happened, in words, with the events that say so. */
export interface Step {
  readonly text: string;
  readonly events: readonly string[];
}

type Streams = Readonly<Record<'inventory' | 'orders', StreamSource>>;

const requested = z.object({
  userId: z.number(),
  lines: z.array(z.object({ productId: z.number(), quantity: z.number() })),
});
const rejected = z.object({ reason: z.string(), rejectedLineIndex: z.number() });
const stock = z.object({
  quantity: z.number(),
  availableQuantity: z.number(),
  sold: z.boolean().optional(),
  reason: z.string().optional(),
});

type Line = z.infer<typeof requested>['lines'][number];

/** Tells it. Throws an Error if nobody has requested the order. */
export async function tellOrder(
  streams: Streams,
  delivery: Delivery,
  pools: ServicePools,
  orderId: string,
): Promise<readonly Step[]> {
  const past: ReadEvent[] = [];
  await streams.orders.read(`order-${orderId}`, (event) => past.push(event));
  const [first] = past;
  if (first === undefined)
    throw new Error(
      `Nobody has requested an order ${orderId}: it was never accepted, or the id is wrong`,
    );
  const { userId, lines } = requested.parse(first.event.data);
  const asked = lines.map(({ productId, quantity }) => `${quantity} of product ${productId}`);
  const steps: Step[] = [
    {
      text: `User ${userId} requested ${asked.join(', ')} at ${first.event.data.at}.`,
      events: [nameOfEvent('orders', first.raw)],
    },
  ];
  for (const [index, line] of lines.entries())
    steps.push(...(await tellLine({ streams, delivery, pools, past, first }, line, index)));
  steps.push(verdict(past));
  return steps;
}

interface Told {
  readonly streams: Streams;
  readonly delivery: Delivery;
  readonly pools: ServicePools;
  readonly past: readonly ReadEvent[];
  readonly first: ReadEvent;
}

async function tellLine(told: Told, line: Line, index: number): Promise<readonly Step[]> {
  const { streams, delivery, past, first } = told;
  const name = `Line ${index} (product ${line.productId})`;
  const key = String(line.productId);
  const place = placeOf(first, index);
  const decision = await answerTo(told, key, place);
  if (decision === undefined) {
    const { isHandled, text } = delivery({
      publisher: 'orders',
      consumer: 'inventory',
      key,
      place,
    });
    const wrong = ', but no event of it is there: `orderflow verify` tells what is wrong';
    return [{ text: `${name} waits for inventory: ${text}${isHandled ? wrong : ''}.`, events: [] }];
  }
  const steps: Step[] = [
    {
      text: `${name}: ${decisionInWords(decision)}.`,
      events: [nameOfEvent('inventory', decision.raw)],
    },
  ];
  const answerPlace = placeOf(decision, 0);
  const isRecorded = past.some(({ raw }) =>
    isCausedBy(raw.cause.causationId, 'inventory', answerPlace),
  );
  const isDecided = past.some(({ event }) => isFinal(event.type));
  if (!isRecorded && !isDecided) {
    const { text } = delivery({
      publisher: 'inventory',
      consumer: 'orders',
      key,
      place: answerPlace,
    });
    steps.push({ text: `${name}: orders has not recorded that yet: ${text}.`, events: [] });
  }
  const final = past.find(({ event }) => isFinal(event.type));
  const settled = final && (await answerTo({ ...told, streams }, key, placeOf(final, index)));
  if (settled !== undefined)
    steps.push({
      text: `${name}: ${decisionInWords(settled)}.`,
      events: [nameOfEvent('inventory', settled.raw)],
    });
  return steps;
}

/** Inventory's event that answers a message. Looked for from the end of the product's stream: orders are asked about when they are new. */
async function answerTo(
  { streams, pools, past }: Told,
  key: string,
  place: Place,
): Promise<ReadEvent | undefined> {
  for (const { raw } of past) {
    const cause = causeIn(raw.cause.causationId);
    const known =
      cause?.publisher === 'inventory'
        ? await streams.inventory.at(cause.place.position)
        : undefined;
    if (known !== undefined && isCausedBy(known.raw.cause.causationId, 'orders', place))
      return known;
  }
  const id = `"orders/${place.incarnation}.${place.position}.${place.part}"`;
  const [row] = await readArrays(
    pools.inventory,
    `SELECT position FROM events FORCE INDEX (uq_events_stream_version)
      WHERE stream_id = ? AND metadata LIKE ? ORDER BY version DESC LIMIT 1`,
    [`product-${key}`, `%"causationId":${id}%`],
  );
  return row === undefined ? undefined : streams.inventory.at(Number(row[0]));
}

function decisionInWords({ event }: ReadEvent): string {
  const { quantity, availableQuantity, sold, reason } = stock.parse(event.data);
  const { at } = event.data;
  switch (event.type) {
    case 'StockReserved':
      return `inventory ${sold === true ? 'sold' : 'set aside'} ${quantity} of the ${availableQuantity + quantity} that were available, at ${at}; ${availableQuantity} were left`;
    case 'StockRejected':
      return reason === 'unknown_product'
        ? `inventory knew no such product, at ${at}`
        : `inventory refused it (${reason ?? 'no reason'}): ${quantity} were asked for, ${availableQuantity} were available, at ${at}`;
    case 'StockReleased':
      return `inventory gave ${quantity} back, at ${at}; ${availableQuantity} were available then`;
    case 'StockSold':
      return `what was set aside (${quantity}) was sold, at ${at}`;
    default:
      return `${event.type} at ${at}`;
  }
}

function verdict(past: readonly ReadEvent[]): Step {
  const final = past.find(({ event }) => isFinal(event.type));
  if (final === undefined) return { text: 'The order is not decided yet.', events: [] };
  const { event, raw } = final;
  const events = [nameOfEvent('orders', raw)];
  const reason = rejected.safeParse(event.data);
  if (reason.success)
    return {
      text: `So the order was rejected at ${event.data.at}, for line ${reason.data.rejectedLineIndex}: ${reason.data.reason}.`,
      events,
    };
  return {
    text: `So the order was ${event.type.replace(/^Order/, '').toLowerCase()} at ${event.data.at}.`,
    events,
  };
}

function isFinal(type: string): boolean {
  return type !== 'OrderRequested' && type !== 'OrderLineReserved';
}

function isCausedBy(causationId: string, publisher: string, place: Place): boolean {
  const { incarnation, position, part } = place;
  return causationId === `${publisher}/${incarnation}.${position}.${part}`;
}

function placeOf({ raw }: ReadEvent, part: number): Place {
  return { incarnation: raw.incarnation, position: raw.position, part };
}
