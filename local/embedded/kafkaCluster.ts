// A Kafka cluster of a test's own, whose brokers it may kill and start again one by one.
import type { KafkaCluster, KafkaClusterOptions, KafkaNode } from '../infra/kafkaNodes.ts';
import { findTestcontainersEngine } from '../infra/dockerEngine.ts';
import { countKafkaBrokers, parseAddress, untilAnswers } from '../process/probes.ts';
import { describeFailure } from '../report.ts';
import { readSettings } from '../settings.ts';
import { findLodging } from './account.ts';
import { startProcessNodes } from './processNodes.ts';
import { canRunEmbedded } from './programs.ts';

export type { KafkaCluster } from '../infra/kafkaNodes.ts';

const ACQUAINTANCE_TIMEOUT_MS = 60_000;

/**
 * Starts Apache Kafka with any number of brokers on free ports of this machine; resolves when all answer and know each other.
 * They are processes, as with `npm start`, or containers where Java or Maven is missing and a Docker engine answers.
 */
export async function startKafka(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const { nodes, remove } = await explained(startNodes(options));
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await remove();
  };
  try {
    await explained(Promise.all(nodes.map((node) => node.ready())));
    // A cluster that asks for a log-in does not tell the probe whom it knows; its tests have one broker.
    if (options.security === undefined) await untilAllKnowAll(nodes);
  } catch (error) {
    await stop();
    throw error;
  }
  return { brokers: nodes.map((node) => node.broker), nodes, stop };
}

/** A test shows an error's message only, so the end of the log must be in it, before the log is removed. */
async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(describeFailure(error), { cause: error });
  }
}

async function startNodes(options: KafkaClusterOptions) {
  const usesContainers =
    !canRunEmbedded(findLodging(), readSettings()) &&
    'version' in (await findTestcontainersEngine());
  if (!usesContainers) return startProcessNodes(options);
  const { startContainerNodes } = await import('../infra/containerNodes.ts');
  return startContainerNodes(options);
}

/** A broker that serves may not have heard of the others yet, and would put a new topic on those it knows. */
async function untilAllKnowAll(nodes: readonly KafkaNode[]): Promise<void> {
  for (const node of nodes) {
    const address = parseAddress(node.broker);
    const knowsAll = async () => (await countKafkaBrokers(address)) === nodes.length;
    await untilAnswers(knowsAll, ACQUAINTANCE_TIMEOUT_MS, `broker ${node.nodeId} with all others`);
  }
}
