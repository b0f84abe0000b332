// The brokers of a test's cluster as containers, for a machine that has Docker and no Java.
import { GenericContainer, getContainerRuntimeClient, Network, Wait } from 'testcontainers';
import type { StartedNetwork, StartedTestContainer } from 'testcontainers';
import { CLUSTER_ID, commonProperties, formatProperties } from '../embedded/kafka.ts';
import { freePorts, kafkaAnswers, untilAnswers } from '../process/probes.ts';
import { withoutRyuk } from '../settings.ts';
import { clientProtocol, scramArguments, securityProperties } from './kafkaSecurity.ts';
import type { KafkaClusterOptions, StartedNode, StartedNodes } from './kafkaNodes.ts';

const IMAGE = 'apache/kafka:4.3.1';
const PROPERTIES_FILE = '/tmp/orderflow.properties';
const CLIENT_PORT = 9092;
const READY_TIMEOUT_MS = 120_000;
const DATA_DIR = '/var/lib/kafka/data';
const FORMAT = `/opt/kafka/bin/kafka-storage.sh format --ignore-formatted --cluster-id ${CLUSTER_ID} --config ${PROPERTIES_FILE}`;
const SERVE = `exec /opt/kafka/bin/kafka-server-start.sh ${PROPERTIES_FILE}`;
/** As in docker-compose.yml: Kafka's own commands, and a storage that is formatted already stays as it is. What follows goes to the first. */
const COMMAND = ['bash', '-c', `${FORMAT} "$@" && ${SERVE}`, 'bash'];

/** Starts the brokers; the caller must remove them, for nothing else does. */
export async function startContainerNodes(options: KafkaClusterOptions): Promise<StartedNodes> {
  withoutRyuk();
  // Fixed ports: a container that was killed would come back on another one, and the brokers name theirs to clients.
  const ports = await freePorts(options.nodes ?? 1);
  const network = await new Network().start();
  const containers = await Promise.all(
    ports.map((_, index) => startContainer(index + 1, ports, network, options)),
  );
  return {
    nodes: containers.map(({ node }) => node),
    remove: async () => {
      for (const { remove } of containers) await remove();
      await network.stop();
    },
  };
}

async function startContainer(
  nodeId: number,
  ports: readonly number[],
  network: StartedNetwork,
  options: KafkaClusterOptions,
): Promise<{ node: StartedNode; remove: () => Promise<void> }> {
  const port = ports[nodeId - 1] ?? 0;
  const started = await new GenericContainer(IMAGE)
    .withNetwork(network)
    .withNetworkAliases(alias(nodeId))
    .withExposedPorts({ container: CLIENT_PORT, host: port })
    .withEnvironment({ KAFKA_HEAP_OPTS: '-Xms64m -Xmx256m' })
    .withCopyContentToContainer([
      {
        content: containerProperties(nodeId, ports, options),
        target: PROPERTIES_FILE,
        mode: 0o644,
      },
    ])
    .withCommand([...COMMAND, ...scramArguments(options.security)])
    // Each needs the others to be ready, which all are waited for together.
    .withWaitStrategy(Wait.forLogMessage(/./))
    .start();
  const client = await getContainerRuntimeClient();
  const container = client.container.getById(started.getId());
  const address = { host: '127.0.0.1', port, ca: options.security?.tls.certificate };
  const ready = () => untilAnswers(() => kafkaAnswers(address), READY_TIMEOUT_MS, alias(nodeId));
  const isRunning = async () => (await container.inspect()).State.Running;
  const shutDown = async () => {
    if (await isRunning()) await container.stop({ t: 30 });
  };
  const node: StartedNode = {
    nodeId,
    broker: `${address.host}:${port}`,
    kill: async () => {
      if (await isRunning()) await container.kill({ signal: 'SIGKILL' });
      await container.wait();
    },
    shutDown,
    ready,
    restart: async () => {
      await shutDown();
      await container.start();
      await ready();
    },
    wipe: () => emptyData(started).then(node.kill).then(node.restart),
  };
  return { node, remove: () => container.remove({ force: true, v: true }) };
}

/** Halted first, so that it writes nothing into the folder that is being emptied. */
async function emptyData(container: StartedTestContainer): Promise<void> {
  await container.exec(['kill', '-STOP', '1']);
  await container.exec(['find', DATA_DIR, '-mindepth', '1', '-delete']);
}

/** Two doors: brokers come in by INTERNAL, the test by EXTERNAL. */
function containerProperties(
  nodeId: number,
  ports: readonly number[],
  options: KafkaClusterOptions,
): string {
  const voters = ports.map((_, index) => `${index + 1}@${alias(index + 1)}:9093`);
  const external = `EXTERNAL://127.0.0.1:${ports[nodeId - 1]}`;
  return formatProperties({
    ...commonProperties(ports.length),
    'node.id': String(nodeId),
    'controller.quorum.voters': voters.join(','),
    'inter.broker.listener.name': 'INTERNAL',
    'listener.security.protocol.map': `INTERNAL:PLAINTEXT,EXTERNAL:${clientProtocol(options.security)},CONTROLLER:PLAINTEXT`,
    listeners: `INTERNAL://:19092,EXTERNAL://:${CLIENT_PORT},CONTROLLER://:9093`,
    'advertised.listeners': `INTERNAL://${alias(nodeId)}:19092,${external}`,
    'log.dirs': DATA_DIR,
    ...securityProperties(options.security, 'EXTERNAL'),
    ...options.properties,
  });
}

function alias(nodeId: number): string {
  return `kafka-${nodeId}`;
}
