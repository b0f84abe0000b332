// The parked keys of all services, and the messages of one.
import type { Pool } from 'mysql2/promise';
import type { KeptMessage } from '@orderflow/shared/eventstore/eventStore.ts';
import {
  readParkedRows,
  readParkedSummaries,
  type ParkedSummary,
} from '@orderflow/shared/eventstore/parkedRows.ts';
import { formatPlace } from '@orderflow/shared/messaging/chain.ts';
import { DATA_SERVICES, readSystemConfig, type DataService } from './config.ts';
import { closeServicePools, openServicePools, type ServicePools } from './serviceLogs.ts';
import type { VerbResult } from './verb.ts';

/** Keys of one service, as a list shows them, and messages of one key, that are shown at most. */
const KEYS_LIMIT = 1_000;
const MESSAGES_LIMIT = 200;

/** Which key is meant, where more than one consumer or topic has parked messages of it. */
interface KeyChoice {
  readonly consumer?: string;
  readonly topic?: string;
}

/** What all of these verbs can be told. */
export interface ParkedOptions extends KeyChoice {
  readonly json: boolean;
}

/** A parked key and the database that it stands in. */
export interface FoundKey extends ParkedSummary {
  readonly pool: Pool;
}

/** Opens the databases for `work`, and closes them. */
export async function withPools<T>(work: (pools: ServicePools) => Promise<T>): Promise<T> {
  const pools = openServicePools(readSystemConfig().databases);
  try {
    return await work(pools);
  } finally {
    await closeServicePools(pools);
  }
}

/** `parked list`. */
export function listKeys(choice: ParkedOptions): Promise<VerbResult> {
  return withPools(async (pools) => {
    const { keys, servicesWithMore } = await findKeys(pools, choice);
    const lines = keys.map(
      ({ consumer, topic, key, count, first }) =>
        `${consumer}  ${topic}  ${key}  ${count} messages  first ${formatPlace(first.place)}  since ${first.parkedAt}` +
        `\n    ${stateOf(first)}`,
    );
    const more = servicesWithMore.map(
      (service) =>
        `${service} has more than these ${KEYS_LIMIT} keys: name a --consumer or a --topic, or a key itself (parked show <key>)`,
    );
    return {
      line: lines.length === 0 ? 'No message is parked' : [...lines, ...more].join('\n'),
      json: {
        servicesWithMore,
        keys: keys.map(({ consumer, topic, key, count, first }) => ({
          ...{ consumer, topic, key, count, since: first.parkedAt },
          ...told(first),
        })),
      },
    };
  });
}

/** `parked show`. */
export function showKey(key: string, choice: ParkedOptions): Promise<VerbResult> {
  return withPools(async (pools) => {
    const found = await findKey(pools, key, choice);
    const messages = await readParkedRows(found.pool, found, MESSAGES_LIMIT);
    const { consumer, topic, count } = found;
    const lines = messages.map(
      (message) =>
        `${formatPlace(message.place)}  parked ${message.parkedAt}\n    ${stateOf(message)}\n    ${message.value}`,
    );
    const rest =
      count > messages.length ? [`and ${count - messages.length} more behind these`] : [];
    const head = `${consumer} has parked ${count} messages of key ${key} in ${topic}, in this order:`;
    return {
      line: [head, ...lines, ...rest].join('\n'),
      json: {
        ...{ consumer, topic, key, count },
        messages: messages.map((message) => ({
          ...{ ...told(message), parkedAt: message.parkedAt, value: message.value },
        })),
      },
    };
  });
}

/** The one parked key that is meant. Throws an Error that names those that it may be, or says that there is none. */
export async function findKey(
  pools: ServicePools,
  key: string,
  choice: KeyChoice,
): Promise<FoundKey> {
  const { keys: found } = await findKeys(pools, { ...choice, key });
  const [only, ...others] = found;
  if (only === undefined)
    throw new Error(`No message of key ${key} is parked there: see \`orderflow parked list\``);
  if (others.length === 0) return only;
  const named = found.map(({ consumer, topic }) => `--consumer ${consumer} --topic ${topic}`);
  throw new Error(`Key ${key} is parked more than once; say which: ${named.join(', or ')}`);
}

/** Of each service the first ones; `servicesWithMore` names those of which more are parked. */
async function findKeys(
  pools: ServicePools,
  { consumer, topic, key }: KeyChoice & { readonly key?: string },
): Promise<{
  readonly keys: readonly FoundKey[];
  readonly servicesWithMore: readonly DataService[];
}> {
  const keys: FoundKey[] = [];
  const servicesWithMore: DataService[] = [];
  for (const service of DATA_SERVICES) {
    const pool = pools[service];
    const found = await readParkedSummaries(pool, { consumer, topic, key }, KEYS_LIMIT + 1);
    keys.push(...found.slice(0, KEYS_LIMIT).map((summary) => ({ ...summary, pool })));
    if (found.length > KEYS_LIMIT) servicesWithMore.push(service);
  }
  return { keys, servicesWithMore };
}

/** Why the message is parked, and what became of the last wish about it. */
export function stateOf({ reason, wish, answer }: KeptMessage): string {
  const wished = wish === null ? '' : `; ${wish} is wished, and not done yet`;
  const answered = answer === null ? '' : `; ${answer}`;
  return `${reason}${wished}${answered}`;
}

function told({ place, reason, wish, answer }: KeptMessage) {
  return { place: formatPlace(place), reason, wish, answer };
}
