// The requests of a load, drawn from its users and products by a generator that gives the same ones for the same seed.
import type { LoadPlan } from './plan.ts';

/** One request, as it goes over the wire. */
export interface DrawnRequest {
  readonly isOrder: boolean;
  readonly text: string;
}

/** Numbers from 0 (included) to 1 (excluded), the same for the same seed. (mulberry32) */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Gives one request after another; undefined once each user has ordered, where each orders once. */
export function createRequests(plan: LoadPlan): () => DrawnRequest | undefined {
  const random = createRandom(plan.seed);
  const drawFrom = (ids: readonly number[]) => ids[Math.floor(random() * ids.length)] ?? 0;
  const host = `${plan.host}:${plan.port}`;
  let next = 0;
  return () => {
    if (random() < plan.readShare) {
      const path = `/order?userId=${drawFrom(plan.userIds)}`;
      return { isOrder: false, text: `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n` };
    }
    const userId = plan.eachUserOnce ? plan.userIds[next++] : drawFrom(plan.userIds);
    if (userId === undefined) return undefined;
    return { isOrder: true, text: orderRequest(host, userId, drawFrom(plan.productIds)) };
  };
}

function orderRequest(host: string, userId: number, productId: number): string {
  const body = `{"productId":${productId},"userId":${userId}}`;
  return `POST /order HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
