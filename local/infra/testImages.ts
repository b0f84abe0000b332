// The services' images for one run of `npm test`: built from this checkout, under a tag of the run's own.
import path from 'node:path';
import type { InfraSource } from '../arguments.ts';
import { LaunchFailure } from '../failure.ts';
import { CHECKOUT, type RunPlaces } from '../places.ts';
import { describeExit, startChild, stopChild, type Child } from '../process/child.ts';
import { STOP_RANK } from '../process/pidFiles.ts';
import type { Report } from '../report.ts';
import { SERVICE_NAMES, type ServiceName } from '../services.ts';
import type { LauncherSettings } from '../settings.ts';
import type { Shutdown } from '../shutdown.ts';
import { whyNoImages } from './dockerEngine.ts';
import { imageBuildArguments, readImageOrigin, type ImageOrigin } from './imageBuild.ts';
import { removeTestRuns } from './testRuns.ts';

const STOP_GRACE_MS = 5_000;

/** The tag of the images that the services of this run's tests are containers of, or why they are processes. */
export type TestImages = { readonly tag: string } | { readonly problem: string };

/** Builds the images where MySQL and Kafka are containers as well and the engine allows it, and says how the services run. */
export async function provideTestImages(
  source: InfraSource,
  places: RunPlaces,
  settings: LauncherSettings,
  report: Report,
  shutdown: Shutdown,
): Promise<TestImages> {
  const problem =
    source === 'docker' ? await whyNoImages() : `the infrastructure is ${source}, not docker`;
  if (problem !== undefined) {
    report.step('services', `run as processes, because ${problem}`);
    return { problem };
  }
  const tag = await buildTestImages(places, settings, report, shutdown);
  report.step('services', `run as containers of orderflow/<service>:${tag}`);
  return { tag };
}

/**
 * Builds the four images with the run's name as their tag, and gives that tag. At the shutdown they
 * are removed, and what may be left of this run's containers. Throws a LaunchFailure that shows the build's log.
 */
async function buildTestImages(
  places: RunPlaces,
  settings: LauncherSettings,
  report: Report,
  shutdown: Shutdown,
): Promise<string> {
  const tag = places.name;
  let building: Child | undefined;
  shutdown.add('containers', async () => {
    if (building !== undefined) await stopChild(building, STOP_GRACE_MS);
    await removeTestRuns((name) => name === tag);
  });
  report.step('containers', `building the images orderflow/<service>:${tag}`);
  const origin = readImageOrigin();
  // One after the other: the later ones find most of their stages in the cache.
  for (const service of SERVICE_NAMES) {
    // Asked for each: what is begun after the end has begun would be ended by nobody.
    if (shutdown.hasBegun()) break;
    const spec = describeBuild(service, tag, origin, places, settings);
    building = await startChild(spec);
    const exit = await building.exited;
    if (exit.code !== 0) {
      throw new LaunchFailure(
        `The image of ${service} could not be built (${describeExit(exit)})`,
        '`npm run images` shows the whole build; `npm test -- --infra=embedded` does without images.',
        spec.logFile,
      );
    }
  }
  report.step('containers', 'the four images are built');
  return tag;
}

function describeBuild(
  service: ServiceName,
  tag: string,
  origin: ImageOrigin,
  places: RunPlaces,
  settings: LauncherSettings,
) {
  return {
    name: `build-${service}`,
    command: 'docker',
    args: imageBuildArguments(service, tag, origin),
    cwd: CHECKOUT,
    env: settings.inherited,
    logFile: path.join(places.logDir, `build-${service}.log`),
    runDir: places.runDir,
    stopRank: STOP_RANK.containers,
  };
}
