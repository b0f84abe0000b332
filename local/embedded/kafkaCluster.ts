// A Kafka cluster of a test's own, whose brokers it may kill and start again one by one.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { ownedName, removeLeftovers } from '../leftovers.ts';
import { startChild, stopChild, type Child } from '../process/child.ts';
import { countKafkaBrokers, freePorts, parseAddress, untilAnswers } from '../process/probes.ts';
import { startWarden } from '../process/startWarden.ts';
import { untilReady, type SupervisedProcess } from '../process/supervise.ts';
import { createReport, describeFailure } from '../report.ts';
import { readSettings } from '../settings.ts';
import { findLodging, type Lodging } from './account.ts';
import { prepareKafka, type KafkaPorts } from './kafka.ts';
import { preparePrograms } from './programs.ts';

/** What kind of cluster. */
export interface KafkaClusterOptions {
  /** How many brokers, each a controller as well; 1 if not given. */
  readonly nodes?: number;
  /** Broker settings on top of the launcher's, such as broker.session.timeout.ms. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** One broker of the cluster. */
export interface KafkaNode {
  /** The id that Kafka's metadata shows, from 1. */
  readonly nodeId: number;
  /** host:port for clients. */
  readonly broker: string;
  /** The pid of the process that runs, or ran last. */
  readonly pid: () => number;
  /** kill -9; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** SIGTERM, on which it hands its leaderships over; resolves when the process is gone. */
  readonly shutDown: () => Promise<void>;
  /** Starts it again on its data and ports, and ends it first if it runs; resolves when it answers. */
  readonly restart: () => Promise<void>;
}

/** A running cluster. */
export interface KafkaCluster {
  readonly brokers: readonly string[];
  readonly nodes: readonly KafkaNode[];
  /** Ends all brokers and removes their data. */
  readonly stop: () => Promise<void>;
}

const ACQUAINTANCE_TIMEOUT_MS = 60_000;
const quiet = createReport({ isTTY: false, write: () => true });

/**
 * Starts Apache Kafka with any number of brokers on free ports of this machine; resolves when all answer.
 * The programs are those of `npm start`, fetched on first use; throws when Java or Maven is missing. Brokers
 * end with the calling process, however that ends.
 */
export async function startKafka(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const lodging = findLodging();
  await removeLeftovers(lodging.home);
  const home = path.join(lodging.home, ownedName('cluster'));
  const runDir = path.join(home, 'run');
  const remove = () => {
    rmSync(home, { recursive: true, force: true });
  };
  let nodes: StartedNode[] = [];
  try {
    const targets = await describeBrokers(options, lodging, home, runDir);
    startWarden(runDir);
    // Together: a controller quorum of three does not elect while only one of them runs.
    nodes = await Promise.all(
      targets.map(({ target, port }, index) => startNode(target, index + 1, port)),
    );
    await Promise.all(nodes.map((node) => node.ready()));
    await untilAllKnowAll(nodes);
  } catch (error) {
    const told = describeFailure(error);
    await Promise.all(nodes.map((node) => node.kill()));
    remove();
    throw new Error(told, { cause: error });
  }
  return {
    brokers: nodes.map((node) => node.broker),
    nodes,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      remove();
    },
  };
}

/** A broker that serves may not have heard of the others yet, and would put a new topic on those it knows. */
async function untilAllKnowAll(nodes: readonly KafkaNode[]): Promise<void> {
  for (const node of nodes) {
    const address = parseAddress(node.broker);
    const knowsAll = async () => (await countKafkaBrokers(address)) === nodes.length;
    await untilAnswers(knowsAll, ACQUAINTANCE_TIMEOUT_MS, `broker ${node.nodeId} with all others`);
  }
}

interface StartedNode extends KafkaNode {
  readonly ready: () => Promise<void>;
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
    pid: () => child.pid,
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
      });
      return { target, port: client };
    }),
  );
}
