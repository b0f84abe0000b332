// The ways in which a launcher is asked to stop.
import { EventEmitter } from 'node:events';

const requests = new EventEmitter<{ failure: [why: string] }>();

/** Asks the launcher to stop in order because a part of it has failed; whoever asks has told of the failure. */
export function requestStop(why: string): void {
  requests.emit('failure', why);
}

/** Calls `stop` with the reason and an exit code: 1 after requestStop(), else 0, on Ctrl-C, SIGTERM, a closed terminal, and when the bootstrap that started this process is gone. */
export function onStopRequest(stop: (why: string, exitCode: number) => void): void {
  requests.on('failure', (why) => {
    stop(why, 1);
  });
  process.on('SIGINT', () => {
    stop('Ctrl-C', 0);
  });
  process.on('SIGTERM', () => {
    stop('SIGTERM', 0);
  });
  process.on('SIGHUP', () => {
    stop('the terminal was closed', 0);
  });
  // The bootstrap keeps a channel open to this process; kill -9 of it cannot be passed on, but closes the channel.
  process.on('disconnect', () => {
    stop('the bootstrap is gone', 0);
  });
  // A channel that nobody reads from must not keep the process up.
  process.channel?.unref();
  // The reader of our output may be gone (a closed pipe); that is no reason to leave processes behind.
  process.stdout.on('error', () => {
    stop('nobody reads the output', 0);
  });
}
