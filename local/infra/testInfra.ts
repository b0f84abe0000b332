// MySQL and Kafka for one run of `npm test`: servers of the environment, else Testcontainers, else embedded ones of its own.
import { LaunchFailure } from '../failure.ts';
import type { InfraSource } from '../arguments.ts';
import { isLeftOver } from '../leftovers.ts';
import type { RunPlaces } from '../places.ts';
import type { Report } from '../report.ts';
import type { LauncherSettings } from '../settings.ts';
import type { Shutdown } from '../shutdown.ts';
import { findTestcontainersEngine } from './dockerEngine.ts';
import { findMemoryHome } from '../embedded/memory.ts';
import { startEmbedded } from './embedded.ts';
import { missingServers, useServersOfEnvironment } from './env.ts';
import type { InfraAccess } from './infra.ts';
import { pickInfra } from './pick.ts';
import { startContainers } from './testcontainers.ts';
import { removeTestRuns } from './testRuns.ts';

/** The servers of a test run, and where they come from. */
export interface TestServers {
  readonly source: InfraSource;
  readonly access: InfraAccess;
}

/** Picks the source, says which and why, and resolves when both servers answer. */
export async function startTestInfra(
  wanted: InfraSource | undefined,
  places: RunPlaces,
  settings: LauncherSettings,
  report: Report,
  shutdown: Shutdown,
): Promise<TestServers> {
  const { source, reason } = pickInfra({
    wanted,
    missingServers: missingServers(settings),
    docker: await findTestcontainersEngine(),
  });
  report.step('infra', `${source}, because ${reason}`);
  return { source, access: await start(source, places, settings, report, shutdown) };
}

async function start(
  source: InfraSource,
  places: RunPlaces,
  settings: LauncherSettings,
  report: Report,
  shutdown: Shutdown,
): Promise<InfraAccess> {
  switch (source) {
    case 'env':
      return requireAdmin(await useServersOfEnvironment(settings));
    case 'docker':
      await removeTestRuns(isLeftOver); // of runs that were killed, and their wardens too
      return startContainers(places, report, shutdown);
    case 'embedded': {
      const inMemory = { ...places, databaseHome: await findMemoryHome() };
      return startEmbedded(inMemory, settings, report, shutdown);
    }
  }
}

/** Tests make and drop databases and users of their own. */
function requireAdmin(access: InfraAccess): InfraAccess {
  const { adminUser, adminPassword } = access.mysql;
  if (adminUser !== undefined && adminPassword !== undefined) return access;
  throw new LaunchFailure(
    'The tests make databases of their own and need an administrator of the given MySQL server',
    'Set MYSQL_ADMIN_USER and MYSQL_ADMIN_PASSWORD, or leave KAFKA_BROKERS and MYSQL_HOST unset for servers of the launcher’s own.',
  );
}
