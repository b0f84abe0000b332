// One stream as its service understands it: its events read by the codec, and the state that they give.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { OutboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import type { DataService } from './config.ts';
import type { ServiceParts, ServicePools } from './serviceLogs.ts';
import { readEventAt, streamPages, type RawEvent } from './verify/rawEvents.ts';
import type { AuditedService } from './verify/services.ts';
import { auditedInventory, auditedOrders, auditedUsers } from './verify/services.ts';
import { linkFault, type StreamStanding } from './verify/streamBook.ts';
import { GENESIS_HASH } from '@orderflow/shared/eventstore/hashChain.ts';

/** An event with what it carries. */
export interface ReadEvent {
  readonly raw: RawEvent;
  readonly event: DomainEvent;
}

/** The streams of one service. */
export interface StreamSource {
  readonly service: DataService;
  /**
   * Reads a stream from its beginning while `isWanted`, and gives how it stands after that. Throws Error where the chain of its
   * hashes breaks.
   */
  read(
    streamId: string,
    onEvent: (event: ReadEvent) => void,
    isWanted?: (event: ReadEvent) => boolean,
  ): Promise<StreamStanding<unknown>>;
  /** The event at a position of the log; undefined if there is none. */
  at(position: number): Promise<ReadEvent | undefined>;
  /** The messages that go out for an event. */
  messagesOf(event: ReadEvent): readonly OutboundMessage[];
}

/** The streams of all services. */
export function openStreams(
  parts: ServiceParts,
  pools: ServicePools,
): Readonly<Record<DataService, StreamSource>> {
  return {
    users: sourceOf(auditedUsers(parts), pools),
    inventory: sourceOf(auditedInventory(parts), pools),
    orders: sourceOf(auditedOrders(parts), pools),
  };
}

function sourceOf<State, Command, Event extends DomainEvent, Fact extends DomainEvent>(
  { name, parts }: AuditedService<State, Command, Event, Fact>,
  pools: ServicePools,
): StreamSource {
  const { codec, decider, toMessages } = parts;
  const parse = (raw: RawEvent): Event => {
    const data: unknown = JSON.parse(raw.data);
    return codec.parse(raw.type, raw.schemaVersion, data);
  };
  return {
    service: name,
    async read(streamId, onEvent, isWanted = () => true) {
      const standing = { version: 0, hash: GENESIS_HASH, isBroken: false };
      let state = decider.initialState;
      for await (const page of streamPages(pools[name], streamId))
        for (const raw of page) {
          requireLink(standing, raw);
          const event = parse(raw);
          if (!isWanted({ raw, event })) return { ...standing, folded: state };
          Object.assign(standing, { version: raw.version, hash: raw.hash });
          state = decider.evolve(state, event);
          onEvent({ raw, event });
        }
      return { ...standing, folded: state };
    },
    async at(position) {
      const raw = await readEventAt(pools[name], position);
      return raw && { raw, event: parse(raw) };
    },
    messagesOf: ({ raw }) => toMessages({ ...raw, event: parse(raw), metadata: raw.cause }),
  };
}

function requireLink(standing: { version: number; hash: string }, raw: RawEvent): void {
  const fault = linkFault(standing, raw);
  if (fault === undefined) return;
  throw new Error(
    `Event ${raw.position} (${raw.streamId} version ${raw.version}) ${fault}. \`orderflow verify\` tells what else is damaged`,
  );
}
