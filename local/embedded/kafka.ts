// Real Apache Kafka brokers in KRaft mode as child processes: storage formatted on first use, loopback only, never root.
import { execFile } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { LaunchFailure } from '../failure.ts';
import { openLog, type Account } from '../process/child.ts';
import { STOP_RANK } from '../process/pidFiles.ts';
import { kafkaAnswers } from '../process/probes.ts';
import type { SupervisedProcess } from '../process/supervise.ts';
import {
  clientProtocol,
  scramArguments,
  securityProperties,
  type KafkaSecurity,
} from '../infra/kafkaSecurity.ts';
import { makeOwnedDir } from './account.ts';
import type { Programs } from './programs.ts';

const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 120_000;
const STOP_GRACE_MS = 30_000;
/** One cluster id for all: data folders are never shared, and a fixed id is one thing less to keep. */
export const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw';
const HEAP = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC'];
/** For a Java program that ends soon: compiled quickly instead of well, it needs little more than half of the processor's time. */
const QUICK_START = '-XX:TieredStopAtLevel=1';
const LOGGING = 'log4j2.properties';
/** Relative to the broker's folder, in which it runs. */
const LOGGING_OPTION = `-Dlog4j2.configurationFile=${LOGGING}`;

/** The ports of one broker, which is a controller as well. */
export interface KafkaPorts {
  readonly client: number;
  readonly controller: number;
}

/** Where and as whom one broker runs; `ports` names all brokers of the cluster, in order of their ids from 1. */
export interface KafkaPlace {
  readonly nodeId: number;
  readonly ports: readonly KafkaPorts[];
  readonly programs: Programs;
  readonly dataDir: string;
  readonly runDir: string;
  readonly logFile: string;
  readonly account: Account | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Broker settings on top of ours. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** It runs for a test: see QUICK_START. */
  readonly isShortLived?: boolean;
  /** Only a test's brokers have it. */
  readonly security?: KafkaSecurity | undefined;
}

/** What all brokers have in common, in a cluster of so many. */
export function commonProperties(nodes: number): Record<string, string> {
  const copies = String(Math.min(3, nodes));
  return {
    'process.roles': 'broker,controller',
    'controller.listener.names': 'CONTROLLER',
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': '1',
    // After kill -9 a broker may not come back before its old session is over: 5 s instead of 9.
    'broker.session.timeout.ms': '5000',
    'broker.heartbeat.interval.ms': '1000',
    // A group of one machine need not wait for more members before it deals out partitions.
    'group.initial.rebalance.delay.ms': '0',
    // Services make their topics with the partitions they need; a misspelt name must fail.
    'auto.create.topics.enable': 'false',
    'log.cleaner.dedupe.buffer.size': '4194304',
    'num.network.threads': '2',
    'num.io.threads': '4',
  };
}

/** Properties as the text of a file. */
export function formatProperties(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** The text of a broker's server.properties. */
export function serverProperties(
  place: Pick<KafkaPlace, 'nodeId' | 'ports' | 'dataDir' | 'properties' | 'security'>,
): string {
  const own = portsOf(place);
  const voters = place.ports.map((p, i) => `${i + 1}@${HOST}:${p.controller}`);
  // The listener is named for what is spoken there.
  const protocol = clientProtocol(place.security);
  const clients = `${protocol}://${HOST}:${own.client}`;
  return formatProperties({
    ...commonProperties(place.ports.length),
    'node.id': String(place.nodeId),
    'controller.quorum.voters': voters.join(','),
    'inter.broker.listener.name': protocol,
    'listener.security.protocol.map': `${protocol}:${protocol},CONTROLLER:PLAINTEXT`,
    listeners: `${clients},CONTROLLER://${HOST}:${own.controller}`,
    'advertised.listeners': clients,
    'log.dirs': path.join(place.dataDir, 'log'),
    ...securityProperties(place.security, protocol),
    ...place.properties,
  });
}

/** Formats the broker's storage if that was not done yet, and describes the broker that runs on it. */
export async function prepareKafka(place: KafkaPlace): Promise<SupervisedProcess> {
  makeOwnedDir(place.dataDir, place.account);
  const config = path.join(place.dataDir, 'server.properties');
  // Written at every start: the ports may be others, the data stays.
  writeFileSync(config, serverProperties(place));
  // Beside the data: the checkout may be out of the account's reach.
  copyFileSync(path.join(import.meta.dirname, LOGGING), path.join(place.dataDir, LOGGING));
  const logs = path.join(place.dataDir, 'log');
  if (!existsSync(path.join(logs, 'meta.properties'))) {
    rmSync(logs, { recursive: true, force: true }); // the rest of a format that was cut off
    await formatStorage(place, config);
  }
  const port = portsOf(place).client;
  const options = [...HEAP, ...(place.isShortLived === true ? [QUICK_START] : []), LOGGING_OPTION];
  return {
    spec: {
      name: place.ports.length === 1 ? 'kafka' : `kafka-${place.nodeId}`,
      command: place.programs.java,
      args: [...options, '-cp', place.programs.kafkaClasses, 'kafka.Kafka', config],
      cwd: place.dataDir,
      env: place.env,
      logFile: place.logFile,
      runDir: place.runDir,
      stopRank: STOP_RANK.kafka,
      account: place.account,
    },
    isReady: () => kafkaAnswers({ host: HOST, port, ca: place.security?.tls.certificate }),
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopGraceMs: STOP_GRACE_MS,
  };
}

function portsOf(place: Pick<KafkaPlace, 'nodeId' | 'ports'>): KafkaPorts {
  const own = place.ports[place.nodeId - 1];
  if (own === undefined) throw new Error(`no ports for broker ${place.nodeId}`);
  return own;
}

async function formatStorage(place: KafkaPlace, config: string): Promise<void> {
  const tool = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', config];
  tool.push(...scramArguments(place.security));
  try {
    await promisify(execFile)(
      place.programs.java,
      [QUICK_START, LOGGING_OPTION, '-cp', place.programs.kafkaClasses, ...tool],
      { ...(place.account ?? {}), cwd: place.dataDir, env: place.env },
    );
  } catch (error) {
    const log = openLog(place.logFile);
    writeFileSync(log, `${String(error)}\n`);
    closeSync(log);
    throw new LaunchFailure(
      'Kafka could not format its storage',
      'The lines above say why. `npm start -- --reset` starts with an empty one.',
      place.logFile,
    );
  }
}
