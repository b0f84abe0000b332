// The brokers of a test's cluster as child processes of the test, on the programs of `npm start`.
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { KafkaClusterOptions, StartedNode, StartedNodes } from '../infra/kafkaNodes.ts';
import { ownedName, removeLeftovers } from '../leftovers.ts';
import { startChild, stopChild, type Child } from '../process/child.ts';
import { freePorts } from '../process/probes.ts';
import { startWarden } from '../process/startWarden.ts';
import { untilReady, type SupervisedProcess } from '../process/supervise.ts';
import { createReport } from '../report.ts';
import { readSettings } from '../settings.ts';
import { findLodging, type Lodging } from './account.ts';
import { prepareKafka, type KafkaPlace, type KafkaPorts } from './kafka.ts';
import { preparePrograms } from './programs.ts';

const quiet = createReport({ isTTY: false, write: () => true });

/** Starts the brokers; they end with the calling process, however that ends. Throws when Java or Maven is missing. */
export async function startProcessNodes(options: KafkaClusterOptions): Promise<StartedNodes> {
  const lodging = findLodging();
  await removeLeftovers(lodging.home);
  const home = path.join(lodging.home, ownedName('cluster'));
  const runDir = path.join(home, 'run');
  const places = await describeBrokers(options, lodging, home, runDir);
  startWarden(runDir);
  // Together: a controller quorum of three does not elect while only one of them runs.
  const nodes = await Promise.all(
    places.map(async (place) => startNode(place, await prepareKafka(place))),
  );
  return {
    nodes,
    remove: () => {
      rmSync(home, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

async function startNode(place: KafkaPlace, target: SupervisedProcess): Promise<StartedNode> {
  const stopping = new AbortController();
  let child: Child = await startChild(target.spec);
  const ready = () => untilReady(target, child, stopping.signal);
  const end = async (graceMs: number) => {
    if (graceMs === 0) child.signal('SIGKILL');
    else await stopChild(child, graceMs);
    await child.exited;
  };
  return {
    nodeId: place.nodeId,
    broker: `127.0.0.1:${place.ports[place.nodeId - 1]?.client ?? 0}`,
    kill: () => end(0),
    shutDown: () => end(target.stopGraceMs),
    ready,
    restart: async () => {
      await end(target.stopGraceMs);
      child = await startChild(target.spec);
      await ready();
    },
    wipe: async () => {
      await end(0);
      rmSync(path.join(place.dataDir, 'log'), { recursive: true, force: true });
      child = await startChild((await prepareKafka(place)).spec);
      await ready();
    },
  };
}

async function describeBrokers(
  options: KafkaClusterOptions,
  lodging: Lodging,
  home: string,
  runDir: string,
): Promise<readonly KafkaPlace[]> {
  const settings = readSettings();
  const logFile = (name: string) => path.join(home, 'logs', `${name}.log`);
  const programs = await preparePrograms(lodging, settings, logFile('maven'), quiet);
  const free = await freePorts((options.nodes ?? 1) * 2);
  const ports: KafkaPorts[] = [];
  for (let i = 0; i + 1 < free.length; i += 2) {
    const [client, controller] = [free[i], free[i + 1]];
    if (client !== undefined && controller !== undefined) ports.push({ client, controller });
  }
  return ports.map((_, index) => {
    const name = `node-${index + 1}`;
    return {
      nodeId: index + 1,
      ports,
      programs,
      dataDir: path.join(home, name),
      runDir,
      logFile: logFile(name),
      account: lodging.account,
      env: settings.inherited,
      isShortLived: true,
      properties: options.properties,
      security: options.security,
    };
  });
}
