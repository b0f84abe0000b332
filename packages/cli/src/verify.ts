// `orderflow verify`: checks the promises of the system on its logs, its read models, its cursors and, if asked, its topics.
import { Command, InvalidArgumentError } from 'commander';
import { kafkaAccess } from '@orderflow/shared/messaging/kafkaSecurity.ts';
import { createLogger } from '@orderflow/shared/runtime/logger.ts';
import type { SystemConfig } from './config.ts';
import { takeCut, type Cut } from './cut.ts';
import { withSystem } from './system.ts';
import { runVerb, type VerbResult } from './verb.ts';
import type { AuditInput, PerService } from './verify/audit.ts';
import type { TopicFigures } from './verify/kafkaTopics.ts';
import { reportOf } from './verify/report.ts';

interface VerifyOptions {
  readonly live: boolean;
  readonly since: PerService;
  readonly kafka: boolean;
  readonly json: boolean;
}

const EVERYTHING: PerService = { users: 0, inventory: 0, orders: 0 };

/** The verb `verify`. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'Checks the promises P1 to P9 on the three event logs, the read models and the cursors. Ends with 1 if it finds a ' +
        'breach, and names each. What is in flight is told apart.',
    )
    .option('--live', 'take one consistent cut through a system that is at work', false)
    .option(
      '--since <users/inventory/orders>',
      'look only at what stands behind these three positions; the end of a report names those that it has reached',
      parseSince,
      EVERYTHING,
    )
    .option('--kafka', 'also compare the topics with the logs', false)
    .option('--json', 'print the report as JSON', false)
    .action((options: VerifyOptions) => runVerb(options.json, () => verify(options)));
}

/** Reads the value of `--since`. Throws InvalidArgumentError. */
function parseSince(text: string): PerService {
  const match = /^(\d{1,15})\/(\d{1,15})\/(\d{1,15})$/.exec(text);
  if (match === null)
    throw new InvalidArgumentError(
      'It is three positions like 120/3400/6700: of users, inventory and orders.',
    );
  return { users: Number(match[1]), inventory: Number(match[2]), orders: Number(match[3]) };
}

function verify(options: VerifyOptions): Promise<VerbResult> {
  const startedAt = performance.now();
  return withSystem(async ({ config, parts, pools }) => {
    const cut = await takeCut(pools, options);
    try {
      return await verifyCut(config, options, { parts, snapshots: cut.snapshots }, startedAt);
    } finally {
      cut.release();
    }
  });
}

async function verifyCut(
  config: SystemConfig,
  { live, since, kafka }: VerifyOptions,
  of: Pick<AuditInput, 'parts' | 'snapshots'>,
  startedAt: number,
): Promise<VerbResult> {
  requireReached(since, of.snapshots);
  if (kafka && Object.values(since).some((position) => position > 0))
    throw new Error('--kafka compares whole topics with whole logs: leave --since out');
  const { audit } = await import('./verify/audit.ts');
  const { compareTopic } = await import('./verify/kafkaTopics.ts');
  const logger = createLogger({ service: 'orderflow', level: 'silent' });
  const broker = { ...kafkaAccess(config.kafka), clientId: 'orderflow-cli', logger };
  const figures = new Map<string, () => TopicFigures>();
  const result = await audit({
    ...of,
    since,
    topicPrefix: config.kafka.TOPIC_PREFIX,
    defaultPartitions: config.kafka.TOPIC_PARTITIONS,
    ...(kafka
      ? {
          onTopic: async (book, findings) => {
            figures.set(book.topic, await compareTopic(broker, book, findings));
          },
        }
      : {}),
    onProgress: (events) => {
      process.stderr.write(`${events} events read\n`);
    },
  });
  return reportOf({
    ...{ result, since, live, snapshots: of.snapshots },
    topics: kafka ? new Map([...figures].map(([topic, read]) => [topic, read()])) : undefined,
    seconds: Number(((performance.now() - startedAt) / 1_000).toFixed(3)),
    peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1_024),
  });
}

function requireReached(since: PerService, snapshots: Cut['snapshots']): void {
  for (const service of ['users', 'inventory', 'orders'] as const)
    if (since[service] > snapshots[service].position)
      throw new Error(
        `--since names position ${since[service]} of ${service}, whose log ends at ${snapshots[service].position}: ` +
          'it was put back to an earlier state, or the positions are those of another system',
      );
}
