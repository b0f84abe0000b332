// `orderflow kafka-acls`: shows or gives the rights of the services in Kafka.
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { grantRights } from '@orderflow/shared/messaging/kafka.ts';
import { kafkaAccess } from '@orderflow/shared/messaging/kafkaSecurity.ts';
import { createLogger } from '@orderflow/shared/runtime/logger.ts';
import { readKafkaAdminConfig } from './config.ts';
import { kafkaAclsCommandLines, kafkaRights, kafkaRightsTable } from './kafkaAccess.ts';
import { parseWaitSeconds, whenReachable } from './patience.ts';
import { runVerb, type VerbResult } from './verb.ts';

interface PrintOptions {
  readonly commands: boolean;
  readonly json: boolean;
}

interface ApplyOptions {
  readonly waitSeconds: number;
  readonly json: boolean;
}

/** The verb `kafka-acls` with `print` and `apply`. */
export function kafkaAclsCommand(): Command {
  const print = new Command('print')
    .description('Shows who may what; TOPIC_PREFIX stands before the topics and the groups.')
    .option('--commands', "print calls of Kafka's kafka-acls.sh", false)
    .option('--json', 'print the rights as JSON', false)
    .action((options: PrintOptions) =>
      runVerb(options.json, () => Promise.resolve(printed(options))),
    );
  const apply = new Command('apply')
    .description(
      'Gives these rights, with the KAFKA_* settings of an administrator. None is taken away.',
    )
    .option('--wait-seconds <seconds>', 'how long to wait for Kafka', parseWaitSeconds, 60)
    .option('--json', 'print the result as JSON', false)
    .action((options: ApplyOptions) => runVerb(options.json, () => applied(options)));
  return new Command('kafka-acls')
    .description('The rights of the services in Kafka.')
    .addCommand(print)
    .addCommand(apply);
}

function printed({ commands }: PrintOptions): VerbResult {
  const rights = kafkaRights(readKafkaAdminConfig().TOPIC_PREFIX);
  return {
    line: commands ? kafkaAclsCommandLines(rights).join('\n') : kafkaRightsTable(rights),
    json: { rights },
  };
}

async function applied({ waitSeconds }: ApplyOptions): Promise<VerbResult> {
  const config = readKafkaAdminConfig();
  const rights = kafkaRights(config.TOPIC_PREFIX);
  const logger = createLogger({ service: 'orderflow', level: 'silent' });
  const access = { ...kafkaAccess(config), clientId: 'orderflow-cli', logger };
  await whenReachable(() => grantRights(access, rights), {
    waitMs: waitSeconds * 1_000,
    onWait: (error) => {
      process.stderr.write(`${String(error)}: trying for ${waitSeconds} s\n`);
    },
    now: () => performance.now(),
    sleep: async (milliseconds) => {
      await sleep(milliseconds);
    },
  });
  return { line: `Given:\n${kafkaRightsTable(rights)}`, json: { rights } };
}
