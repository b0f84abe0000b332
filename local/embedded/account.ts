// Kafka and MariaDB never run as root: root drops to the account `nobody`, and everything they write lies where that account may go.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { LaunchFailure } from '../failure.ts';
import { STATE_DIR } from '../places.ts';
import type { Account } from '../process/child.ts';

/** Who runs the servers and where their files lie. */
export interface Lodging {
  /** undefined: the caller is no superuser and runs them itself. */
  readonly account: Account | undefined;
  /** Holds programs and data. */
  readonly home: string;
  /** True when home is not in the checkout, because the account cannot go there. */
  readonly elsewhere: boolean;
}

/** Finds the account and the folder for embedded servers, and makes the folder. */
export function findLodging(): Lodging {
  const inCheckout = path.join(STATE_DIR, 'embedded');
  if (process.getuid?.() !== 0) {
    mkdirSync(inCheckout, { recursive: true });
    return { account: undefined, home: inCheckout, elsewhere: false };
  }
  const account = nobody();
  mkdirSync(inCheckout, { recursive: true });
  if (canEnter(account, inCheckout)) return { account, home: inCheckout, elsewhere: false };
  const name = createHash('sha256').update(STATE_DIR).digest('hex').slice(0, 12);
  const outside = path.join('/var/tmp', `orderflow-${name}`);
  mkdirSync(outside, { recursive: true, mode: 0o755 });
  // /var/tmp is open to all: a folder that somebody else put there under this name must not be trusted.
  const found = lstatSync(outside);
  if (!found.isDirectory() || found.uid !== 0) {
    throw new LaunchFailure(
      `${outside} is not a folder of root`,
      'Look at who made it, remove it, and start again.',
    );
  }
  chmodSync(outside, 0o755);
  return { account, home: outside, elsewhere: true };
}

/** Makes a folder that the account owns. */
export function makeOwnedDir(dir: string, account: Account | undefined): void {
  mkdirSync(dir, { recursive: true });
  if (account !== undefined) chownSync(dir, account.uid, account.gid);
}

/** True when the account can go into the folder: asked of the system, which knows more than mode bits. */
function canEnter(account: Account, dir: string): boolean {
  const asked = spawnSync('ls', ['-d', `${dir}/.`], { ...account, cwd: '/', stdio: 'ignore' });
  return asked.status === 0;
}

function nobody(): Account {
  try {
    const ask = (flag: string) =>
      Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }).trim());
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    throw new LaunchFailure(
      'You are root, and there is no account "nobody" that Kafka and MariaDB could run as',
      'Start as an ordinary user, or with a Docker engine.',
    );
  }
}
