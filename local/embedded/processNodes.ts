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
import { prepareKafka, type KafkaPorts } from './kafka.ts';
import { preparePrograms } from './programs.ts';

const quiet = createReport({ isTTY: false, write: () => true });

/** Starts the brokers; they end with the calling process, however that ends. Throws when Java or Maven is missing. */
export async function startProcessNodes(options: KafkaClusterOptions): Promise<StartedNodes> {
  const lodging = findLodging();
  await removeLeftovers(lodging.home);
  const home = path.join(lodging.home, ownedName('cluster'));
  const runDir = path.join(home, 'run');
  const targets = await describeBrokers(options, lodging, home, runDir);
  startWarden(runDir);
  // Together: a controller quorum of three does not elect while only one of them runs.
  const nodes = await Promise.all(
    targets.map(({ target, port }, index) => startNode(target, index + 1, port)),
  );
  return {
    nodes,
    remove: () => {
      rmSync(home, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

async function startNode(
  target: SupervisedProcess,
  nodeId: number,
  port: number,
): Promise<StartedNode> {
  const stopping = new AbortController();
  let child: Child = await startChild(target.spec);
  const ready = () => untilReady(target, child, stopping.signal);
  const end = async (graceMs: number) => {
    if (graceMs === 0) child.signal('SIGKILL');
    else await stopChild(child, graceMs);
    await child.exited;
  };
  return {
    nodeId,
    broker: `127.0.0.1:${port}`,
    kill: () => end(0),
    shutDown: () => end(target.stopGraceMs),
    ready,
    restart: async () => {
      await end(target.stopGraceMs);
      child = await startChild(target.spec);
      await ready();
    },
  };
}

async function describeBrokers(
  options: KafkaClusterOptions,
  lodging: Lodging,
  home: string,
  runDir: string,
): Promise<{ target: SupervisedProcess; port: number }[]> {
  const settings = readSettings();
  const logFile = (name: string) => path.join(home, 'logs', `${name}.log`);
  const programs = await preparePrograms(lodging, settings, logFile('maven'), quiet);
  const free = await freePorts((options.nodes ?? 1) * 2);
  const ports: KafkaPorts[] = [];
  for (let i = 0; i + 1 < free.length; i += 2) {
    const [client, controller] = [free[i], free[i + 1]];
    if (client !== undefined && controller !== undefined) ports.push({ client, controller });
  }
  return Promise.all(
    ports.map(async ({ client }, index) => {
      const name = `node-${index + 1}`;
      const target = await prepareKafka({
        nodeId: index + 1,
        ports,
        programs,
        dataDir: path.join(home, name),
        runDir,
        logFile: logFile(name),
        account: lodging.account,
        env: settings.inherited,
        properties: options.properties,
        security: options.security,
      });
      return { target, port: client };
    }),
  );
}
