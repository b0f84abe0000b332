// What runs of `npm test` put on a Docker engine: containers with a label and images with a tag that name the run.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { errorCode } from '../failure.ts';
import { SERVICE_NAMES } from '../services.ts';
import { imageName } from './imageBuild.ts';

const run = promisify(execFile);

/** The label of containers that belong to a test run; its value is the run's name. */
export const RUN_LABEL = 'orderflow.test-run';

/**
 * Removes the containers, then the image tags, of the runs that `isMeant` chooses by their names. Without a docker client it
 * does nothing: containers are then ended by whoever started them, or by hand. Rejects when the engine refuses.
 */
export async function removeTestRuns(isMeant: (runName: string) => boolean): Promise<void> {
  try {
    const format = `{{.ID}} {{.Label "${RUN_LABEL}"}}`;
    const containers = await list('ps', '--all', `--filter=label=${RUN_LABEL}`, '--format', format);
    const left = containers.filter(([, name = '']) => isMeant(name)).map(([id = '']) => id);
    // Most end by themselves as well (--rm); one that is gone by now is no failure to --force. --volumes: their data too.
    if (left.length > 0) await run('docker', ['rm', '--force', '--volumes', ...left]);
    const wanted = SERVICE_NAMES.map((service) => `--filter=reference=${imageName(service, '*')}`);
    const images = await list('images', ...wanted, '--format', '{{.Tag}} {{.Repository}}:{{.Tag}}');
    const tags = images.filter(([tag = '']) => isMeant(tag)).map(([, image = '']) => image);
    if (tags.length > 0) await run('docker', ['rmi', ...tags]);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

async function list(...args: string[]): Promise<string[][]> {
  const { stdout } = await run('docker', args);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.split(' '));
}
