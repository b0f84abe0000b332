// The ways in which a launcher is asked to stop.

/** Calls `stop` with the reason on Ctrl-C, SIGTERM, a closed terminal, and when the bootstrap that started this process is gone. */
export function onStopRequest(stop: (why: string) => void): void {
  process.on('SIGINT', () => {
    stop('Ctrl-C');
  });
  process.on('SIGTERM', () => {
    stop('SIGTERM');
  });
  process.on('SIGHUP', () => {
    stop('the terminal was closed');
  });
  // The bootstrap keeps a channel open to this process; kill -9 of it cannot be passed on, but closes the channel.
  process.on('disconnect', () => {
    stop('the bootstrap is gone');
  });
  // A channel that nobody reads from must not keep the process up.
  process.channel?.unref();
  // The reader of our output may be gone (a closed pipe); that is no reason to leave processes behind.
  process.stdout.on('error', () => {
    stop('nobody reads the output');
  });
}
