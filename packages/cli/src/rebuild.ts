// `orderflow rebuild`: makes a read model again from its events, while its service runs.
import { Argument, Command } from 'commander';
import { rebuild } from './rebuildReadModel.ts';
import { runVerb } from './verb.ts';

interface RebuildVerbOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** The verb `rebuild`. */
export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description(
      'Fills the tables of a read model again beside the old ones, shows how they differ, and puts right what does, while the ' +
        'service runs. As the administrator (MYSQL_ADMIN_USER) of its database.',
    )
    .addArgument(
      new Argument('<read model>', 'a table; `inventory.products` where several services have one'),
    )
    .option('--dry-run', 'only show how they differ', false)
    .option('--json', 'print the result as JSON', false)
    .action((readModel: string, { dryRun, json }: RebuildVerbOptions) =>
      runVerb(json, () => rebuild(readModel, dryRun)),
    );
}
