// `npm run images`: builds the four images as orderflow/<service>:<version of package.json>.
import { spawnSync } from 'node:child_process';
import { imageBuildArguments, imageName, readImageOrigin } from './infra/imageBuild.ts';
import { CHECKOUT } from './places.ts';
import { SERVICE_NAMES } from './services.ts';

const origin = readImageOrigin();
// One after the other: the later ones find most of their stages in the cache.
for (const service of SERVICE_NAMES) {
  const args = imageBuildArguments(service, origin.version, origin);
  const { status, error } = spawnSync('docker', args, { cwd: CHECKOUT, stdio: 'inherit' });
  if (error !== undefined) console.error(`docker could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
for (const service of SERVICE_NAMES) console.log(imageName(service, origin.version));
