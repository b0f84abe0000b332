// A thread that writes to a file and waits for the disk, again and again, until it is ended from outside.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const WRITE_BYTES = 4 * 1_048_576;

if (typeof workerData !== 'string') throw new Error('A file to write to is needed');
const bytes = Buffer.alloc(WRITE_BYTES, 1);
for (;;) {
  const opened = openSync(workerData, 'w');
  writeSync(opened, bytes);
  fdatasyncSync(opened);
  closeSync(opened);
}
