// How the images of the services are built: one Docker build for each target of deploy/Dockerfile.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CHECKOUT } from '../places.ts';
import type { ServiceName } from '../services.ts';

/** What an image tells about where it comes from. */
export interface ImageOrigin {
  readonly version: string;
  /** The commit, with -dirty behind it where files differ from it; 'unknown' outside of a checkout. */
  readonly revision: string;
}

/** The origin of images that are built now. Throws when package.json names no version. */
export function readImageOrigin(): ImageOrigin {
  const manifest = JSON.parse(readFileSync(path.join(CHECKOUT, 'package.json'), 'utf8')) as {
    version?: unknown;
  };
  if (typeof manifest.version !== 'string') throw new Error('package.json names no version');
  return { version: manifest.version, revision: readRevision() };
}

/** An image's name and tag. */
export function imageName(service: ServiceName, tag: string): string {
  return `orderflow/${service}:${tag}`;
}

/** The arguments of `docker` that build a service's image, to be run in the checkout. */
export function imageBuildArguments(
  service: ServiceName,
  tag: string,
  { version, revision }: ImageOrigin,
): string[] {
  return [
    'build',
    '--file=deploy/Dockerfile',
    `--target=${service}`,
    `--tag=${imageName(service, tag)}`,
    `--build-arg=VERSION=${version}`,
    `--build-arg=REVISION=${revision}`,
    '.',
  ];
}

function readRevision(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: CHECKOUT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const dirty = git('status', '--porcelain') === '' ? '' : '-dirty';
    return git('rev-parse', 'HEAD') + dirty;
  } catch {
    return 'unknown'; // an archive of the sources, or no git
  }
}
