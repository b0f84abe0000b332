// `orderflow refill`: has lost topics sent again from the event logs of their publishers.
import { Argument, Command, InvalidArgumentError } from 'commander';
import { INVENTORY_TOPIC, ORDERS_TOPIC, USERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import { refillTopic, type Refill } from '@orderflow/shared/messaging/refill.ts';
import { DATA_SERVICES, readSystemConfig, type DataService, type SystemConfig } from './config.ts';
import { openServicePool } from './serviceLogs.ts';
import { runVerb, type VerbResult } from './verb.ts';

/** The topics by their publishers. */
const TOPICS: Readonly<Record<DataService, string>> = {
  users: USERS_TOPIC,
  inventory: INVENTORY_TOPIC,
  orders: ORDERS_TOPIC,
};

interface RefillOptions {
  readonly partition?: number;
  readonly json: boolean;
}

/** The verb `refill`. */
export function refillCommand(): Command {
  return new Command('refill')
    .description(
      'Sends a topic again from the beginning of its event log (all topics if none is named): after Kafka has lost it. Works while ' +
        'the services run and while they are stopped; what was handled already is passed over.',
    )
    .addArgument(new Argument('[topic]', 'without its prefix').choices(Object.values(TOPICS)))
    .option('--partition <number>', 'only this partition of the topic', parsePartition)
    .option('--json', 'print the result as JSON', false)
    .action((topic: string | undefined, options: RefillOptions) =>
      runVerb(options.json, () => refill(topic, options)),
    );
}

async function refill(
  topic: string | undefined,
  { partition }: RefillOptions,
): Promise<VerbResult> {
  if (topic === undefined && partition !== undefined)
    throw new Error('--partition is one of one topic: name the topic too');
  const config = readSystemConfig();
  const publishers = DATA_SERVICES.filter(
    (service) => topic === undefined || TOPICS[service] === topic,
  );
  const refilled: Refill[] = [];
  for (const service of publishers) refilled.push(await refillOf(service, config, partition));
  return { line: refilled.map(describe).join('\n'), json: { topics: refilled } };
}

async function refillOf(
  service: DataService,
  { databases, kafka }: SystemConfig,
  partition: number | undefined,
): Promise<Refill> {
  const pool = openServicePool(service, databases[service]);
  try {
    return await refillTopic(pool, `${kafka.TOPIC_PREFIX}${TOPICS[service]}`, partition);
  } finally {
    await pool.end();
  }
}

function describe({ topic, partitions, eventCount, isPublisherRunning }: Refill): string {
  const what =
    partitions.length === 1
      ? `partition ${partitions.join()}`
      : `all ${partitions.length} partitions`;
  const when = isPublisherRunning
    ? 'its publisher begins within a second'
    : 'its publisher does not run: it begins when it is started';
  return `${topic}: ${what} will be sent again from a log of ${eventCount} events; ${when}`;
}

function parsePartition(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is the number of a partition, from 0.');
}
