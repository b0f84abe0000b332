// Asks whether there is a Docker engine, and whether this machine can talk to it in the way that is needed.
import { execFile } from 'node:child_process';
import { request } from 'node:http';
import os from 'node:os';
import { promisify } from 'node:util';
import { errorCode } from '../failure.ts';
import type { InfraFindings } from './pick.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 8_000;
const SOCKET = '/var/run/docker.sock';

/** For `npm start`: an engine that the docker client reaches, and compose. */
export async function findComposeEngine(): Promise<InfraFindings['docker']> {
  try {
    const { stdout } = await run('docker', ['version', '--format', '{{.Server.Version}}'], {
      timeout: TIMEOUT_MS,
    });
    await run('docker', ['compose', 'version'], { timeout: TIMEOUT_MS });
    return { version: stdout.trim() };
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') return { problem: 'no Docker engine with compose answers' };
    const version = await pingSocket();
    return version === undefined
      ? { problem: 'no Docker engine answers' }
      : { problem: 'the Docker engine lacks its client: no `docker` on the PATH' };
  }
}

/** For `npm test`: Testcontainers speaks to the engine itself and needs no client. */
export async function findTestcontainersEngine(): Promise<InfraFindings['docker']> {
  const found = await findComposeEngine();
  if ('version' in found) return found;
  const version = await pingSocket();
  return version === undefined ? found : { version };
}

/**
 * Why the services cannot run as containers in a test; undefined if they can. They share the network of the host (--network
 * host), so that ports and addresses are the same as for processes. That needs Linux, and an engine on this very host: Docker
 * Desktop's sits in a virtual machine, and that behind a mounted socket or DOCKER_HOST may be anywhere; those name another host.
 */
export async function whyNoImages(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'containers share the host’s network on Linux only';
  try {
    await run('docker', ['buildx', 'version'], { timeout: TIMEOUT_MS });
    const { stdout } = await run('docker', ['info', '--format', '{{.Name}}'], {
      timeout: TIMEOUT_MS,
    });
    const engineHost = stdout.trim();
    if (engineHost === os.hostname()) return undefined;
    return `the Docker engine runs on ${engineHost} and this is ${os.hostname()}`;
  } catch (error) {
    return errorCode(error) === 'ENOENT'
      ? 'there is no `docker` client on the PATH'
      : 'the docker client has no buildx, or no engine answers it';
  }
}

/** The version of the engine behind the usual socket; undefined if none answers. */
function pingSocket(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request(
      { socketPath: SOCKET, path: '/version', timeout: TIMEOUT_MS },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        answer.once('end', () => {
          resolve(/"Version":"([^"]+)"/.exec(body)?.[1]);
        });
      },
    );
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => {
      resolve(undefined);
    });
    asked.end();
  });
}
