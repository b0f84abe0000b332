// Which build a result is of.
import { execFileSync } from 'node:child_process';
import { CHECKOUT } from '../../local/places.ts';

/** The short hash of the commit that is checked out, with a plus where files of it were changed; 'unknown' without git. */
export function commitOfTree(): string {
  try {
    const hash = git('rev-parse', '--short', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? hash : `${hash}+`;
  } catch {
    return 'unknown';
  }
}

function git(...words: string[]): string {
  return execFileSync('git', words, { cwd: CHECKOUT, encoding: 'utf8' }).trim();
}
