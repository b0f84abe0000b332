// Two tiny services for the tests of relay and consumer: one makes numbered things, the other counts what it hears of.
import type { EventCodec, EventStore } from '../../src/eventstore/eventStore.ts';
import { parsePlace } from '../../src/messaging/chain.ts';
import type { Reactions } from '../../src/messaging/reaction.ts';
import { requireKnownVersion } from '../../src/messaging/reaction.ts';
import type { ToMessages } from '../../src/messaging/relayBatch.ts';
import type { Evolution } from '../../src/messaging/loadStates.ts';

export const AT = '2026-01-02T03:04:05.678Z';

interface Numbered {
  readonly at: string;
  readonly key: string;
  readonly number: number;
}

/** The publisher's event: the `number`th thing of a key was made. */
export interface Made {
  readonly type: 'Made';
  readonly data: Numbered & { readonly isPoison?: boolean };
}

/** The consumer's event: it has heard of it. */
export interface Heard {
  readonly type: 'Heard';
  readonly data: Numbered;
}

/** Trusts what it reads: codecs have tests of their own. */
function trustingCodec<Event extends Made | Heard>(): EventCodec<Event> {
  return {
    schemaVersionOf: () => 1,
    parse: (type, _version, data) => ({ type, data }) as Event,
  };
}

export const madeCodec = trustingCodec<Made>();
export const heardCodec = trustingCodec<Heard>();

export const madeToMessages: ToMessages<Made> = ({ event }) => [
  { key: event.data.key, type: event.type, schemaVersion: 1, data: event.data },
];

/** What the consumer knows of a key: the number that it heard of last. */
export type HeardState = number;

export const heardEvolution: Evolution<HeardState, Heard> = {
  initialState: 0,
  evolve: (_state, event) => event.data.number,
};

/** Hears of things in the order in which they were made; anything else is a bug of what is tested here. */
export const hearing: Reactions<HeardState, Heard, Made> = {
  parse(message) {
    if (message.type !== 'Made') return undefined;
    requireKnownVersion(message, 1);
    const data = message.data as Made['data'];
    if (data.isPoison === true) throw new Error(`${data.key} ${data.number} is poison`);
    return { type: 'Made', data };
  },
  streamsOf: ({ data }) => [`heard-${data.key}`],
  async react({ data: { at, key, number } }, load) {
    const last = await load(`heard-${key}`);
    if (number !== last + 1) throw new Error(`${key}: ${number} came after ${last}`);
    const heard: Heard = { type: 'Heard', data: { at, key, number } };
    return [{ streamId: `heard-${key}`, events: [heard] }];
  },
};

const METADATA = { correlationId: 'correlation', causationId: 'test' };

/** Makes the things `from` to `to` of each key, one commit for each number. */
export async function make(
  store: EventStore<Made>,
  keys: readonly string[],
  from: number,
  to: number,
  isPoison?: (key: string, number: number) => boolean,
): Promise<void> {
  for (let number = from; number <= to; number += 1) {
    const streams = keys.map((key) => ({
      streamId: `made-${key}`,
      expectedVersion: number - 1,
      events: [
        {
          event: {
            type: 'Made' as const,
            data: { at: AT, key, number, ...(isPoison?.(key, number) ? { isPoison: true } : {}) },
          },
          metadata: METADATA,
        },
      ],
    }));
    await store.commit([{ streams }]);
  }
}

/** What was heard, by key, in the order of the consumer's log. */
export async function heardBy(store: EventStore<Heard>): Promise<ReadonlyMap<string, number[]>> {
  const heard = new Map<string, number[]>();
  const { position } = await store.head();
  for (let after = 0; after < position; after += 1000) {
    for (const { event } of await store.readLog(after, 1000)) {
      const { key, number } = event.data;
      heard.set(key, [...(heard.get(key) ?? []), number]);
    }
  }
  return heard;
}

/** 1 to `count`, which is what must have been heard of a key: nothing lost, nothing doubled, in order. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Keys of which there is at least one in each of 4 partitions. */
export const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];

export const place = parsePlace;
