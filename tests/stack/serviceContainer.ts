// A service as a container of its own image, confined as it should be wherever it runs.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { programEnvironment } from './config.ts';
import {
  hasExited,
  type ServiceKind,
  type ServiceName,
  type ServiceSpec,
} from './serviceProcess.ts';

const run = promisify(execFile);
const RESEND_MS = 500;

/** Runs docker and gives what it printed. Rejects with its error output when it fails. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, { env: programEnvironment() });
  return stdout.trim();
}

/** The image of a service under a tag. */
export function imageOf(name: ServiceName, tag: string): string {
  return `orderflow/${name}:${tag}`;
}

/**
 * The service as a container of its image with this tag. On the host's network its address is the same as a process's.
 *
 * It does not outlive its test: the client in the foreground (`docker run -i`) holds the container's standard input open.
 * When the test ends, or is killed, that pipe closes, the service ends (EXIT_WITH_PARENT) and --rm removes what is left. The
 * label is for what even that does not catch: `npm test` removes containers of its run, and of runs that are gone, by it.
 */
export function asContainer({ name, instance, env }: ServiceSpec, tag: string): ServiceKind {
  return {
    command: 'docker',
    args: [
      ...['run', '--rm', '--interactive', '--pull=never', '--network=host'],
      ...[`--name=${instance}`, `--label=orderflow.test-run=${tag}`],
      ...['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'],
      ...['--memory=512m', '--memory-swap=512m', '--pids-limit=100'],
      // Names alone: the values are taken from the client's environment, and a password stands in no list of processes.
      ...Object.keys(env).map((setting) => `--env=${setting}`),
      imageOf(name, tag),
    ],
    env: { ...programEnvironment(), ...env },
    // Again until it has ended: while the container is being created nobody can be signalled, and SIGTERM to process 1 is lost
    // until Node has its handlers. A service that drains takes no notice of further ones.
    signal: async (client, signal) => {
      const send = async () => {
        if (hasExited(client)) return true;
        await docker('kill', `--signal=${signal}`, instance);
        return false;
      };
      await eventually(send, `the container ${instance} ends`, { intervalMs: RESEND_MS });
    },
  };
}
