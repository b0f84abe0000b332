// The HEALTHCHECK of the images: exit code 0 when the service's /readyz says that it is ready, 1 otherwise. It lies beside
// the Dockerfile, not in a service: only a container has use for it, and it starts fast because it imports nothing.

const TIMEOUT_MS = 4_000;
/** Set in the Dockerfile, or by whoever runs the container; a service that listens on all addresses is asked on loopback. */
const { HOST = '0.0.0.0', PORT = '' } = process.env;
const asked = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[HOST] ?? HOST;

try {
  const answer = await fetch(`http://${asked}:${PORT}/readyz`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  // Docker keeps what is printed: `docker inspect` then shows which part is not ready.
  console.log(await answer.text());
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  console.log(`no answer: ${String(error)}`);
  process.exitCode = 1;
}
