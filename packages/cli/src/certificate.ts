// `orderflow certificate`: what became of all pieces of one product, with a digest of the events that say so.
import { createHash } from 'node:crypto';
import { Command } from 'commander';
import { runVerb, type VerbResult } from './verb.ts';
import { withSystem } from './system.ts';
import { bookAfter, EMPTY_BOOK, faultOf } from './verify/stockBook.ts';

/** The verb `certificate`. */
export function certificateCommand(): Command {
  return new Command('certificate')
    .description(
      'Adds up one product: added = available + held + sold, with the hash of its last event, which covers all before it, ' +
        'and a digest over all of them. Two parties with the same digest have the same events. Ends with 1 on a breach.',
    )
    .argument('<product>', 'its id, like 3 or product-3')
    .option('--json', 'print it as JSON, on one line and with its fields in one order', false)
    .action((product: string, options: { readonly json: boolean }) =>
      runVerb(options.json, () => certify(product)),
    );
}

function certify(product: string): Promise<VerbResult> {
  const streamId = product.startsWith('product-') ? product : `product-${product}`;
  return withSystem(async ({ parts, pools }) => {
    const { openStreams } = await import('./streams.ts');
    let book = EMPTY_BOOK;
    let fault: string | undefined;
    const digest = createHash('sha256');
    const { version, hash } = await openStreams(parts, pools).inventory.read(
      streamId,
      ({ raw, event }) => {
        digest.update(Buffer.from(raw.hash, 'hex'));
        book = bookAfter(book, event);
        const found = faultOf(book);
        if (found !== undefined) fault ??= `at version ${raw.version}: ${found.text}`;
      },
    );
    if (version === 0) throw new Error(`There is no product ${product}: ${streamId} has no event`);
    const { added, available, held, sold } = book;
    const all = digest.digest('hex');
    const isBreach = fault !== undefined;
    return {
      line: [
        `${streamId}, versions 1 to ${version}`,
        `added ${added} = available ${available} + held ${held} + sold ${sold}`,
        `hash of version ${version}  ${hash}`,
        `digest of all hashes  ${all}`,
        isBreach ? `BREACH ${fault ?? ''}` : 'It adds up at every version.',
      ].join('\n'),
      // In the order of their names: who compares the text compares the content.
      json: {
        ...{ added, available, breach: fault ?? null, digest: all, firstVersion: 1 },
        ...{ hash, held, lastVersion: version, sold, streamId },
      },
      isBreach,
    };
  });
}
