// One order from its request to its outcome: known user, waiting place, append, wait.
import { createHmac } from 'node:crypto';
import type { ProductId, UserId } from '@orderflow/shared/contracts/ids.ts';
import {
  ConflictError,
  type EventMetadata,
  type EventStore,
  type RecordedEvent,
  type Unit,
} from '@orderflow/shared/eventstore/eventStore.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import type { Logger } from '@orderflow/shared/runtime/logger.ts';
import { orderDecider, type RequestOrder } from '../domain/decideOrder.ts';
import { orderStream, type OrderEvent, type OrderState } from '../domain/order.ts';
import type { KnownUsers } from '../readmodel/knownUsers.ts';
import type { OrderView } from '../readmodel/orders.ts';
import type { Product, Products } from '../readmodel/products.ts';
import type { OutcomeWaiters } from './outcomeWaiters.ts';
import type { UsersClient } from './usersClient.ts';

/** What became of a request. Only `decided` and `undecided` have an order. */
export type PlacedOrder =
  | { readonly kind: 'unknown_user' }
  | { readonly kind: 'id_taken_by_another_request' }
  | { readonly kind: 'undecided' }
  | {
      readonly kind: 'decided';
      readonly order: OrderView;
      /** The products of a confirmed order's lines. */
      readonly products: ReadonlyMap<ProductId, Product>;
    };

export interface PlaceOrderDeps {
  readonly append: (unit: Unit<OrderEvent>) => Promise<readonly RecordedEvent<OrderEvent>[]>;
  readonly readStreams: EventStore<OrderEvent>['readStreams'];
  readonly knownUsers: KnownUsers;
  readonly usersClient: UsersClient;
  readonly products: Products;
  readonly waiters: OutcomeWaiters;
  readonly logger: Pick<Logger, 'error'>;
  /** How long a request waits for its order's decision. */
  readonly waitMs: number;
}

/**
 * Places the order and waits for its decision, at most the caller's `waitMs` (and the service's own). `onAccepted` is
 * called once the order is in the log for certain. The same order again (a gateway's retry, an Idempotency-Key) waits
 * for the same outcome and gets the same answer. Throws a retryable AppError when this request has appended nothing and
 * met nothing, and AppError 'outcome_unknown' when that is not sure: the same request may be sent again.
 */
export async function placeOrder(
  deps: PlaceOrderDeps,
  command: RequestOrder,
  metadata: EventMetadata,
  { waitMs, onAccepted }: { readonly waitMs: number; readonly onAccepted: () => void },
): Promise<PlacedOrder> {
  // Before the append: a decision that is there before anybody waits for it would otherwise wake nobody.
  const waiter = deps.waiters.register(command.orderId);
  try {
    const accepted = await accept(deps, command, metadata);
    if (accepted === 'unknown_user') return { kind: 'unknown_user' };
    if (accepted === 'other') return { kind: 'id_taken_by_another_request' };
    onAccepted();
    if (accepted === 'repeated') deps.waiters.wake([command.orderId]);
    const order = await waiter.outcome(Math.min(deps.waitMs, waitMs));
    return order === undefined ? { kind: 'undecided' } : await decided(deps, order);
  } finally {
    waiter.release();
  }
}

type Existing = 'repeated' | 'other';

/**
 * Takes the order if its user is known. A user may be erased, or the users service be away, after the order was
 * placed: then a repeat must find it all the same, so the order's own stream is looked at before anybody is sent off.
 */
async function accept(
  deps: PlaceOrderDeps,
  command: RequestOrder,
  metadata: EventMetadata,
): Promise<'new' | Existing | 'unknown_user'> {
  let isUserKnown: boolean;
  try {
    isUserKnown = await isKnown(deps, command.userId, metadata.correlationId);
  } catch (error) {
    const existing = await findExisting(deps, command);
    if (existing === undefined) throw error;
    return existing;
  }
  if (isUserKnown) return request(deps, command, metadata);
  return (await findExisting(deps, command)) ?? 'unknown_user';
}

/** A user who registered a moment ago may not have come round by users.v1 yet: then the users service knows. */
async function isKnown(
  deps: PlaceOrderDeps,
  userId: UserId,
  correlationId: string,
): Promise<boolean> {
  return (
    (await deps.knownUsers.has(userId)) || (await deps.usersClient.exists(userId, correlationId))
  );
}

/**
 * Appends the request as the stream's first event. It is decided on an empty stream without reading it, as that is what
 * it is but for repeats: those find out by the conflict, read what is there, and decide on that.
 */
async function request(
  deps: PlaceOrderDeps,
  command: RequestOrder,
  metadata: EventMetadata,
): Promise<'new' | Existing> {
  const { orderId } = command;
  const streamId = orderStream(orderId);
  const decision = orderDecider.decide(command, orderDecider.initialState);
  if (decision.kind === 'rejected') throw new Error(`A new order was turned down: ${streamId}`);
  const events = decision.events.map((event) => ({ event, metadata }));
  try {
    await deps.append({ streams: [{ streamId, expectedVersion: 0, events }] });
    return 'new';
  } catch (error) {
    // 'row': the other request's row in the read model was met before its event.
    const met =
      error instanceof ConflictError && (error.kind === 'version' || error.kind === 'row');
    if (!met) throw appendFailure(orderId, error);
    // The conflict is the proof that the order is there: not being able to read it must not read as 'not placed'.
    const existing = await findExisting(deps, command).catch((cause: unknown) => {
      throw outcomeUnknown(orderId, cause);
    });
    if (existing === undefined) throw error;
    return existing;
  }
}

/** What stands under the order's id already: the same request, another one, or (undefined) nothing. */
async function findExisting(
  deps: PlaceOrderDeps,
  command: RequestOrder,
): Promise<Existing | undefined> {
  const streamId = orderStream(command.orderId);
  const recorded = (await deps.readStreams([streamId])).get(streamId) ?? [];
  const state = recorded.reduce<OrderState>(
    (folded, { event }) => orderDecider.evolve(folded, event),
    orderDecider.initialState,
  );
  if (state.status === 'absent') return undefined;
  return orderDecider.decide(command, state).kind === 'events' ? 'repeated' : 'other';
}

/** The order is there, so a failure from here on must not read as 'not placed', not even a bug. */
async function decided(deps: PlaceOrderDeps, order: OrderView): Promise<PlacedOrder> {
  const productIds = order.status === 'confirmed' ? order.lines.map((line) => line.productId) : [];
  try {
    return { kind: 'decided', order, products: await deps.products.find(productIds) };
  } catch (error) {
    const { orderId } = order;
    if (!(error instanceof AppError))
      deps.logger.error({ err: error, orderId }, 'a decided order cannot be answered: a bug');
    throw outcomeUnknown(orderId, error);
  }
}

function outcomeUnknown(orderId: string, cause: unknown): AppError {
  const message = `The outcome of order ${orderId} is unknown, ask GET /v1/orders/${orderId}`;
  return new AppError('outcome_unknown', message, { retryable: true, cause });
}

/** What a failed append is to a client: 'commit_unknown' may have happened, all others have not. */
function appendFailure(orderId: string, error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  if (error.code === 'commit_unknown') return outcomeUnknown(orderId, error);
  if (error.code !== 'append_queue_full') return error;
  const message = 'Too many orders are waiting, try again';
  return new AppError('too_many_waiting', message, { retryable: true, cause: error });
}

/**
 * What two requests have in common if they ask for the same: an HMAC, so that the log does not keep the body and nobody
 * who reads it can try bodies out. Lines must be summed; their order counts.
 */
export function hmacOfRequest(
  secret: string,
  { userId, lines }: Pick<RequestOrder, 'userId' | 'lines'>,
): string {
  const canonical = JSON.stringify([
    userId,
    lines.map(({ productId, quantity }) => [productId, quantity]),
  ]);
  return createHmac('sha256', secret).update(canonical).digest('hex');
}
