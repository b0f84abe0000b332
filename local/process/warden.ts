// Outlives a launcher that was killed: it notices that the launcher's end of a pipe is closed and ends what the launcher had
// started, the containers of a test run among it.
import path from 'node:path';
import { releaseMemory } from '../embedded/memory.ts';
import { removeTestRuns } from '../infra/testRuns.ts';
import { ownerOf } from '../leftovers.ts';
import { parseIdentity } from './identity.ts';
import { endProcessesOf } from './pidFiles.ts';

const GRACE_MS = 15_000;

const [runDir, pid, startedAt] = process.argv.slice(2);
const launcher = parseIdentity({ pid: Number(pid), startedAt });
if (runDir === undefined || launcher === undefined) {
  throw new Error('usage: warden.ts RUN_DIR LAUNCHER_PID LAUNCHER_START');
}

const RUN = path.basename(path.dirname(runDir));

// The pipe closes however the launcher ends, kill -9 included; nothing is ever written to it.
process.stdin.resume();
process.stdin.once('close', () => {
  // After an orderly stop there is nothing on record, and this ends at once. When it notices late, the next launcher
  // may be at work here already: what that one started is none of this warden's business.
  void endProcessesOf(launcher, runDir, GRACE_MS)
    .then(releaseItsMemory)
    .then(removeItsContainers)
    .catch(() => {
      // Nobody is left to be told; the next launcher finds the same on record and says it.
      process.exitCode = 1;
    });
});

/** A run of `npm test` has its name on its folder and on its containers; `npm start` has no such name, and none of these. */
async function removeItsContainers(): Promise<void> {
  if (ownerOf(RUN) !== undefined) await removeTestRuns((name) => name === RUN);
}

/** What lies on a disk is left for the next launcher to remove; memory is given back at once. */
function releaseItsMemory(): void {
  if (ownerOf(RUN) !== undefined) releaseMemory(RUN);
}
