// What an audit must know of each service beside its parts: which command a request was, and what a decision was free to choose.
import type { DomainEvent, Decider } from '@orderflow/shared/eventstore/decider.ts';
import type { EventCodec } from '@orderflow/shared/eventstore/eventStore.ts';
import type { Projection } from '@orderflow/shared/eventstore/projection.ts';
import type { StateCodec } from '@orderflow/shared/messaging/loadStates.ts';
import type { Reactions } from '@orderflow/shared/messaging/reaction.ts';
import type { ToMessages } from '@orderflow/shared/messaging/relayBatch.ts';
import type { DataService } from '../config.ts';
import type { ServiceParts } from '../serviceLogs.ts';

/** What no rule decides: times and ids that a decision was given. A replay gets those that were recorded. */
export interface Choices {
  readonly at: string;
  readonly cartLineId: number;
  readonly cartLineUuid: string;
}

/** A service as an audit sees it. */
export interface AuditedService<
  State,
  Command,
  Event extends DomainEvent,
  Fact extends DomainEvent,
> {
  readonly name: DataService;
  readonly parts: {
    readonly codec: EventCodec<Event>;
    readonly decider: Decider<State, Command, Event, string>;
    readonly projections: readonly Projection<Event | Fact>[];
    /** Left out by a service that keeps no snapshots. */
    readonly stateCodec?: StateCodec<State>;
    readonly topic: string;
    readonly toMessages: ToMessages<Event>;
  };
  /** The stream in which an event must stand. */
  readonly streamOf: (event: Event) => string;
  /** The types of events that record requests: all others answer messages. */
  readonly requestTypes: readonly Event['type'][];
  /** The command of the request that an event records; undefined for an event that answers a message. */
  readonly requestOf: (event: Event) => Command | undefined;
  /** True for a stream in which nothing more is expected. */
  readonly isSettled: (state: State) => boolean;
  /** What the service does about others' messages; left out by one that reads none. */
  readonly reactions?: (choices: () => Choices) => Reactions<State, Event, Fact>;
  /** True for an event that an operator has asked for in place of what the rules would give; left out where there are none. */
  readonly isGivenUp?: (event: Event) => boolean;
  /** What was chosen for an event that answers a message about this product. */
  readonly choicesOf: (event: Event, messageKey: string) => Choices;
}

/** A request that was parked and then given up is rejected for this reason, so that its order is decided all the same. */
const GIVEN_UP = 'request_dropped';

function isGivenUp({ type, data }: { readonly type: string; readonly data: object }): boolean {
  return type === 'StockRejected' && 'reason' in data && data.reason === GIVEN_UP;
}

const NOTHING_CHOSEN = { cartLineId: 1, cartLineUuid: '00000000-0000-4000-8000-000000000000' };

/** Users: nobody tells it anything. */
export function auditedUsers({ users: parts }: ServiceParts) {
  type Event = Parameters<typeof parts.decider.evolve>[1];
  return audited<
    typeof parts.decider.initialState,
    Parameters<typeof parts.decider.decide>[0],
    Event,
    never
  >({
    name: 'users',
    parts,
    streamOf: ({ data }) => `user-${data.userId}`,
    requestTypes: ['UserRegistered'],
    requestOf: ({ data }) => ({ type: 'RegisterUser', ...data }),
    isSettled: ({ status }) => status === 'registered',
    choicesOf: ({ data }) => ({ at: data.at, ...NOTHING_CHOSEN }),
  });
}

/** Inventory: it answers orders' messages; products are added by requests. */
export function auditedInventory({ inventory: parts }: ServiceParts) {
  const { createReactions } = parts;
  type Made = ReturnType<typeof createReactions>;
  return audited<
    typeof parts.decider.initialState,
    Parameters<typeof parts.decider.decide>[0],
    Parameters<typeof parts.decider.evolve>[1],
    FactOf<Made>
  >({
    name: 'inventory',
    parts,
    streamOf: ({ data }) => `product-${data.productId}`,
    requestTypes: ['ProductAdded'],
    requestOf: (event) =>
      event.type === 'ProductAdded' ? { ...event.data, type: 'AddProduct' } : undefined,
    isSettled: () => false,
    isGivenUp,
    reactions: (choices) => createReactions({ now: () => choices().at }),
    choicesOf: ({ data }) => ({ at: data.at, ...NOTHING_CHOSEN }),
  });
}

/** Orders: it answers inventory's messages, and knows users and products from messages. */
export function auditedOrders({ orders: parts }: ServiceParts) {
  const { createReactions } = parts;
  type Made = ReturnType<typeof createReactions>;
  return audited<
    typeof parts.decider.initialState,
    Parameters<typeof parts.decider.decide>[0],
    Parameters<typeof parts.decider.evolve>[1],
    FactOf<Made>
  >({
    name: 'orders',
    parts,
    streamOf: ({ data }) => `order-${data.orderId}`,
    requestTypes: ['OrderRequested'],
    requestOf: (event) =>
      event.type === 'OrderRequested' ? { ...event.data, type: 'RequestOrder' } : undefined,
    isSettled: ({ status }) => status === 'confirmed' || status === 'rejected',
    reactions: (choices) =>
      createReactions({
        now: () => choices().at,
        nextCartLineId: () => Promise.resolve(choices().cartLineId),
        newUuid: () => choices().cartLineUuid,
      }),
    choicesOf(event, messageKey) {
      const { at } = event.data;
      if (event.type === 'OrderLineReserved') return { ...event.data, at };
      if (event.type !== 'OrderConfirmed') return { at, ...NOTHING_CHOSEN };
      // An order names each product once, so the product that the message is about tells the line.
      const line = event.data.lines.find(({ productId }) => String(productId) === messageKey);
      return { at, ...(line ?? NOTHING_CHOSEN) };
    },
  });
}

type FactOf<Made extends { parse: (...args: never[]) => unknown }> = NonNullable<
  ReturnType<Made['parse']>
>;

function audited<State, Command, Event extends DomainEvent, Fact extends DomainEvent>(
  service: AuditedService<State, Command, Event, Fact>,
): AuditedService<State, Command, Event, Fact> {
  return service;
}
