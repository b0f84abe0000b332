// `orderflow why`: in plain words what happened to an order, and the events that say so.
import { Command } from 'commander';
import { runVerb, type VerbResult } from './verb.ts';
import { withSystem, type OpenSystem } from './system.ts';

/** The verb `why`. */
export function whyCommand(): Command {
  return new Command('why')
    .description('Tells what happened to an order and why, or what it waits for.')
    .argument('<order>', 'its id')
    .option('--json', 'print it as JSON', false)
    .action((order: string, options: { readonly json: boolean }) =>
      runVerb(options.json, () => withSystem((system) => explain(system, order))),
    );
}

async function explain(system: OpenSystem, order: string): Promise<VerbResult> {
  const { openStreams } = await import('./streams.ts');
  const { tellOrder } = await import('./why/tellOrder.ts');
  const { readDelivery } = await import('./why/delivery.ts');
  const orderId = order.replace(/^order-/, '').toLowerCase();
  const streams = openStreams(system.parts, system.pools);
  const steps = await tellOrder(streams, await readDelivery(system), system.pools, orderId);
  return {
    line: steps
      .map(({ text, events }) => [text, ...events.map((event) => `      ${event}`)].join('\n'))
      .join('\n'),
    json: { orderId, steps },
  };
}
