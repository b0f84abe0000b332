// `npm start`: brings up MySQL, Kafka and the four services, keeps them up, and ends them in order on Ctrl-C.
import path from 'node:path';
import { removeAccessFile, writeAccessFile } from './accessFile.ts';
import { parseStartArguments, START_HELP, type StartArguments } from './arguments.ts';
import { LaunchFailure } from './failure.ts';
import { startInfra } from './infra/startInfra.ts';
import { releaseLauncherLock, takeLauncherLock } from './process/launcherLock.ts';
import { endRecordedProcesses } from './process/pidFiles.ts';
import { startWarden } from './process/startWarden.ts';
import { onStopRequest } from './process/stopRequest.ts';
import { createSupervisor } from './process/supervise.ts';
import { CHECKOUT, START_PLACES } from './places.ts';
import { createReport, describeFailure, type Report } from './report.ts';
import { seedIfEmpty } from './sampleData.ts';
import { describeService, placeServices, requireFreePorts, type ServicePlace } from './services.ts';
import { readSettings } from './settings.ts';
import { createShutdown, type Shutdown } from './shutdown.ts';

const ORPHAN_GRACE_MS = 15_000;

const report = createReport(process.stdout);
const shutdown = createShutdown(report);

onStopRequest((why, exitCode) => {
  if (shutdown.hasBegun()) return; // asked again: it is under way, and every step of it has its limit
  report.print('');
  report.step('launcher', `${why}: stopping everything, in order`);
  void shutdown.run().then(() => {
    report.step('launcher', 'all stopped; the data stays. `npm start` goes on with it.');
    leave(exitCode);
  });
});

try {
  const wishes = parseStartArguments(process.argv.slice(2));
  if (wishes.help) report.print(START_HELP);
  else await bringUp(wishes, report, shutdown);
} catch (error) {
  // While everything is being ended, what was still starting fails, and that is nobody's fault.
  if (!shutdown.hasBegun()) {
    report.print(describeFailure(error));
    await shutdown.run();
    leave(1);
  }
}

async function bringUp(wishes: StartArguments, out: Report, ends: Shutdown): Promise<void> {
  const settings = readSettings();
  const services = placeServices(settings);
  await clearTheGround(out);
  await requireFreePorts(services);
  startWarden(START_PLACES.runDir);
  const infra = await startInfra(wishes, START_PLACES, settings, out, ends);
  writeAccessFile(START_PLACES, infra, services, settings);
  out.step('services', `migrations and start of ${services.map((place) => place.name).join(', ')}`);
  await Promise.all(
    services.map(async (place) => {
      const target = describeService(place, services, infra, START_PLACES, settings);
      const supervisor = createSupervisor(target, out);
      ends.add(place.name, supervisor.stop);
      await supervisor.start();
      out.step(place.name, `ready at ${place.url}`);
    }),
  );
  const gateway = services.find((place) => place.name === 'gateway');
  if (gateway === undefined) throw new Error('there is no gateway');
  const gatewayLog = path.join(START_PLACES.logDir, 'gateway.log');
  if (wishes.seed && (await seedIfEmpty(gateway.url, gatewayLog))) {
    out.step('launcher', 'made two sample users and two sample products');
  }
  if (!ends.hasBegun()) out.print(summary(services, gateway, out.elapsed()));
}

/** Makes sure that this is the only launcher here, and ends what one that was killed left behind. */
async function clearTheGround(out: Report): Promise<void> {
  const other = takeLauncherLock(START_PLACES.runDir);
  if (other !== undefined) {
    throw new LaunchFailure(
      `Orderflow runs already from this checkout (launcher pid ${other})`,
      `End that one first (Ctrl-C in its terminal, or kill ${other}).`,
    );
  }
  const orphans = await endRecordedProcesses(START_PLACES.runDir, ORPHAN_GRACE_MS);
  if (orphans.length > 0) {
    const names = orphans.map((orphan) => orphan.name).join(', ');
    out.step('launcher', `ended what a killed launcher had left: ${names}`);
  }
}

function summary(
  services: readonly ServicePlace[],
  gateway: ServicePlace,
  seconds: string,
): string {
  const logs = path.relative(CHECKOUT, START_PLACES.logDir);
  return [
    '',
    `Orderflow is up after ${seconds} s.`,
    '',
    ...services.map((place) => `  ${place.name.padEnd(10)} ${place.url}`),
    `  ${'logs'.padEnd(10)} ${logs}/<name>.log`,
    '',
    'Try:',
    `  curl -X POST ${gateway.url}/order -H 'content-type: application/json' -d '{"productId":1,"userId":1}'`,
    '',
    'Stop: Ctrl-C. The data stays; `npm start -- --reset` begins without it.',
    '',
  ].join('\n');
}

function leave(code: number): never {
  removeAccessFile(START_PLACES);
  releaseLauncherLock(START_PLACES.runDir);
  process.exit(code);
}
