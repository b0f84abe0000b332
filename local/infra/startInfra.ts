// Brings up MySQL and Kafka from wherever pick.ts says, for `npm start`.
import type { StartArguments } from '../arguments.ts';
import { LaunchFailure } from '../failure.ts';
import type { RunPlaces } from '../places.ts';
import type { Report } from '../report.ts';
import type { LauncherSettings } from '../settings.ts';
import type { Shutdown } from '../shutdown.ts';
import { resetDocker, startDocker } from './docker.ts';
import { findComposeEngine } from './dockerEngine.ts';
import { resetEmbedded, startEmbedded } from './embedded.ts';
import { missingServers, useServersOfEnvironment } from './env.ts';
import type { InfraAccess } from './infra.ts';
import { pickInfra } from './pick.ts';

/** Picks the source, says which and why, wipes its data if that is asked for, and resolves when both servers answer. */
export async function startInfra(
  wishes: Pick<StartArguments, 'infra' | 'reset'>,
  places: RunPlaces,
  settings: LauncherSettings,
  report: Report,
  shutdown: Shutdown,
): Promise<InfraAccess> {
  const { source, reason } = pickInfra({
    wanted: wishes.infra,
    missingServers: missingServers(settings),
    docker: await findComposeEngine(),
  });
  report.step('infra', `${source}, because ${reason}`);
  switch (source) {
    case 'env':
      if (wishes.reset) {
        throw new LaunchFailure(
          '--reset does not wipe servers that were given by the environment',
          'Drop the orderflow_* databases and the topics there yourself, or start without --reset.',
        );
      }
      return useServersOfEnvironment(settings);
    case 'docker':
      if (wishes.reset) await resetDocker(places, settings, report);
      return startDocker(places, settings, report, shutdown);
    case 'embedded':
      if (wishes.reset) {
        resetEmbedded(places);
        report.step('infra', 'wiped the data of earlier starts');
      }
      return startEmbedded(places, settings, report, shutdown);
  }
}
