// `orderflow parked`: messages that could not be handled, by key; tried again or given up in their order.
import { Argument, Command } from 'commander';
import { listKeys, showKey, type ParkedOptions } from './parkedKeys.ts';
import { wishFor, type WishOptions } from './parkedWishes.ts';
import { parseWaitSeconds } from './patience.ts';
import { runVerb } from './verb.ts';

/** The verb `parked` with `list`, `show`, `retry` and `drop`. */
export function parkedCommand(): Command {
  return new Command('parked')
    .description('Messages that a consumer could not handle, and those that wait behind them.')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(wishCommand('retry'))
    .addCommand(wishCommand('drop'));
}

function listCommand(): Command {
  return withChoice(new Command('list'))
    .description('Shows the parked keys: how many messages, since when, and why.')
    .action((options: ParkedOptions) => runVerb(options.json, () => listKeys(options)));
}

function showCommand(): Command {
  return withChoice(new Command('show'))
    .description('Shows the messages of a key, in order, with their values.')
    .addArgument(new Argument('<key>'))
    .action((key: string, options: ParkedOptions) =>
      runVerb(options.json, () => showKey(key, options)),
    );
}

const WHAT = {
  retry:
    'Has the owner of the partition handle the messages of a key again, in order, up to one that fails again.',
  drop:
    'Gives up the first message of a key. A request is then rejected, so that its order is decided; what tells of a ' +
    'decision cannot be dropped.',
} as const;

function wishCommand(wish: 'retry' | 'drop'): Command {
  const command = withChoice(new Command(wish))
    .description(WHAT[wish])
    .addArgument(new Argument('<key>'))
    .option('--wait-seconds <seconds>', 'how long to wait for the answer', parseWaitSeconds, 30);
  if (wish === 'drop')
    command.option(
      '--message <place>',
      'the message that is meant, to be sure that it is still it',
    );
  return command.action((key: string, options: WishOptions) =>
    runVerb(options.json, () => wishFor(wish, key, options)),
  );
}

function withChoice(command: Command): Command {
  return command
    .option('--consumer <name>', 'only of this consumer (inventory, orders)')
    .option('--topic <topic>', 'only of this topic')
    .option('--json', 'print the result as JSON', false);
}
