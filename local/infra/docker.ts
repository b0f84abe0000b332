// MySQL and Kafka as containers, their data in named volumes: docker-compose.yml with the changes of the one beside this file.
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { LaunchFailure } from '../failure.ts';
import { CHECKOUT, type RunPlaces } from '../places.ts';
import { openLog } from '../process/child.ts';
import { lastLines } from '../process/logTail.ts';
import { restartDelayMs } from '../process/supervise.ts';
import type { Report } from '../report.ts';
import type { LauncherSettings } from '../settings.ts';
import type { Shutdown } from '../shutdown.ts';
import type { InfraAccess } from './infra.ts';

/** The services of docker-compose.yml that are infrastructure. */
const SERVERS = ['mysql', 'kafka'] as const;
/** Of its own, so that it shares neither data nor password with a stack that was started by hand from docker-compose.yml. */
const PROJECT = 'orderflow-start';
const FILES = ['docker-compose.yml', 'local/infra/docker-compose.yml'] as const;
const SELECTION = ['--project-name', PROJECT, ...FILES.flatMap((file) => ['--file', file])];
const WATCH_INTERVAL_MS = 2_000;
/** Of a server that answers on loopback only, and that everybody who may use Docker here owns anyway. */
const LOCAL_PASSWORD = 'orderflow-local';

/** Removes the containers and their volumes. */
export async function resetDocker(
  places: RunPlaces,
  settings: LauncherSettings,
  report: Report,
): Promise<void> {
  await compose(['down', '--volumes', '--timeout', '20'], places, settings);
  report.step('infra', 'wiped the data of earlier starts');
}

/** Starts both containers, waits until they are healthy, and starts them again when they end. */
export async function startDocker(
  places: RunPlaces,
  settings: LauncherSettings,
  report: Report,
  shutdown: Shutdown,
): Promise<InfraAccess> {
  const stopping = new AbortController();
  let watching: Promise<void> = Promise.resolve();
  const stopServer = (server: (typeof SERVERS)[number]) => async () => {
    stopping.abort();
    await watching;
    await compose(['stop', '--timeout', '20', server], places, settings);
  };
  shutdown.add('kafka', stopServer('kafka'));
  shutdown.add('database', stopServer('mysql'));
  report.step(
    'infra',
    'docker compose brings up MySQL and Kafka (pulls their images the first time)',
  );
  await up(places, settings);
  report.step('infra', 'both are healthy');
  watching = watch(places, settings, report, stopping.signal);
  return {
    brokers: [`127.0.0.1:${settings.dockerKafkaPort}`],
    mysql: {
      host: '127.0.0.1',
      port: settings.dockerMysqlPort,
      adminUser: 'root',
      adminPassword: settings.mysqlAdminPassword ?? LOCAL_PASSWORD,
    },
  };
}

/** `docker kill` and a crash look the same to us: what does not run is started again, with back-off. */
async function watch(
  places: RunPlaces,
  settings: LauncherSettings,
  report: Report,
  stopping: AbortSignal,
): Promise<void> {
  const isStopping = () => stopping.aborted;
  const pause = (ms: number) => wait(ms, undefined, { signal: stopping }).catch(() => undefined);
  let deaths = 0;
  for (;;) {
    await pause(WATCH_INTERVAL_MS);
    if (isStopping()) return;
    const dead = (await endedServers(places, settings)).join(', ');
    if (dead === '' || isStopping()) continue;
    deaths += 1;
    const delayMs = restartDelayMs(deaths);
    report.warn('infra', `${dead} ended, starts again in ${delayMs / 1000} s`);
    await pause(delayMs);
    if (isStopping()) return;
    try {
      await up(places, settings);
      report.step('infra', `${dead} is back`);
      deaths = 0;
    } catch (error) {
      report.warn('infra', error instanceof Error ? error.message : String(error));
    }
  }
}

async function endedServers(places: RunPlaces, settings: LauncherSettings): Promise<string[]> {
  const { code, output } = await run(
    ['ps', '--status', 'running', '--services', ...SERVERS],
    places,
    settings,
  );
  // An engine that does not answer says nothing about the containers.
  if (code !== 0) return [];
  const running = output.split('\n');
  return SERVERS.filter((server) => !running.includes(server));
}

async function up(places: RunPlaces, settings: LauncherSettings): Promise<void> {
  try {
    await compose(
      ['up', '--detach', '--wait', '--wait-timeout', '180', ...SERVERS],
      places,
      settings,
    );
  } catch (error) {
    // What the containers said belongs into our log, whose end is shown.
    const { output } = await run(
      ['logs', '--no-color', '--tail', '9', ...SERVERS],
      places,
      settings,
    );
    appendFileSync(dockerLog(places), output);
    throw error;
  }
}

async function compose(
  args: readonly string[],
  places: RunPlaces,
  settings: LauncherSettings,
): Promise<void> {
  const { code } = await run(args, places, settings);
  if (code === 0) return;
  const logFile = dockerLog(places);
  const said = lastLines(logFile, 20).join('\n');
  const taken = /address already in use|port is already allocated/.test(said);
  throw new LaunchFailure(
    `docker compose ${args[0] ?? ''} ended with code ${code}`,
    taken
      ? 'A port is taken: ORDERFLOW_MYSQL_PORT=13306 ORDERFLOW_KAFKA_PORT=19092 npm start takes others.'
      : `\`docker compose --project-name ${PROJECT} logs\` shows what the servers say; \`npm start -- --infra=embedded\` does without Docker.`,
    logFile,
  );
}

function dockerLog(places: RunPlaces): string {
  return path.join(places.logDir, 'docker.log');
}

function run(
  args: readonly string[],
  places: RunPlaces,
  settings: LauncherSettings,
): Promise<{ code: number | null; output: string }> {
  const log = openLog(dockerLog(places));
  const password = settings.mysqlAdminPassword ?? LOCAL_PASSWORD;
  return new Promise((resolve, reject) => {
    const child = spawn('docker', ['compose', ...SELECTION, '--progress', 'plain', ...args], {
      cwd: CHECKOUT,
      env: {
        ...settings.inherited,
        MYSQL_ADMIN_PASSWORD: password,
        ORDERFLOW_MYSQL_PORT: String(settings.dockerMysqlPort),
        ORDERFLOW_KAFKA_PORT: String(settings.dockerKafkaPort),
        // What an .env says is meant for the whole stack.
        ORDERFLOW_SECURE: '',
        COMPOSE_PROFILES: '',
      },
      stdio: ['ignore', 'pipe', log],
      // Ctrl-C is for the launcher, which stops the containers in order.
      detached: true,
    });
    closeSync(log);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, output });
    });
  });
}
