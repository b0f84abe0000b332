// Outlives a launcher that was killed: it notices that the launcher's end of a pipe is closed and ends what the launcher had started.
import { endRecordedProcesses } from './pidFiles.ts';

const GRACE_MS = 15_000;

const [runDir] = process.argv.slice(2);
if (runDir === undefined) throw new Error('usage: warden.ts RUN_DIR');

// The pipe closes however the launcher ends, kill -9 included; nothing is ever written to it.
process.stdin.resume();
process.stdin.once('close', () => {
  // After an orderly stop there is nothing on record, and this ends at once.
  void endRecordedProcesses(runDir, GRACE_MS);
});
