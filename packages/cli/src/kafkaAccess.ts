// Who may do what in Kafka: the one list that the command grants and docs/access.md tells.
import { INVENTORY_TOPIC, ORDERS_TOPIC, USERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import type { KafkaRight } from '@orderflow/shared/messaging/kafkaSecurity.ts';
import { READING_GROUPS } from '@orderflow/shared/messaging/topicReader.ts';
import { defaultGroup } from '@orderflow/shared/runtime/kafkaSettings.ts';
import type { DataService } from './config.ts';

interface Traffic {
  readonly service: DataService;
  readonly publishes: string;
  readonly consumes: readonly string[];
}

/** The services that speak Kafka. Each makes and fills a topic of its own; the gateway has no Kafka. */
export const TRAFFIC: readonly Traffic[] = [
  { service: 'users', publishes: USERS_TOPIC, consumes: [] },
  { service: 'inventory', publishes: INVENTORY_TOPIC, consumes: [ORDERS_TOPIC] },
  { service: 'orders', publishes: ORDERS_TOPIC, consumes: [USERS_TOPIC, INVENTORY_TOPIC] },
];

/**
 * All rights, with TOPIC_PREFIX before the topics and the groups. No more than these: Read and Write imply Describe, and whoever may
 * write to a topic may be an idempotent producer (since Kafka 2.8, KIP-679), so nobody needs a right on the cluster.
 */
export function kafkaRights(topicPrefix: string): readonly KafkaRight[] {
  return [
    ...TRAFFIC.flatMap((traffic) => rightsOf(traffic, topicPrefix)),
    ...rightsOfAuditor(topicPrefix),
  ];
}

/**
 * Whoever runs `verify --kafka` reads all topics and changes nothing: a user of its own, since no service may read all of
 * them. It reads in groups of its own, one each time, whose names nobody knows beforehand: two in one group would have half
 * of a topic each.
 */
function rightsOfAuditor(prefix: string): KafkaRight[] {
  const principal = 'User:auditor';
  return [
    ...TRAFFIC.map(({ publishes }): KafkaRight => {
      return { principal, resource: 'TOPIC', name: `${prefix}${publishes}`, operation: 'READ' };
    }),
    { ...readingGroup(principal, `${prefix}${READING_GROUPS}`), isPrefix: true },
  ];
}

function rightsOf({ service, publishes, consumes }: Traffic, prefix: string): KafkaRight[] {
  const principal = `User:${service}`;
  const onTopic = (topic: string, operation: KafkaRight['operation']): KafkaRight => {
    return { principal, resource: 'TOPIC', name: `${prefix}${topic}`, operation };
  };
  const reading = consumes.map((topic) => onTopic(topic, 'READ'));
  return [
    onTopic(publishes, 'CREATE'),
    onTopic(publishes, 'WRITE'),
    ...reading,
    ...(reading.length === 0 ? [] : [readingGroup(principal, defaultGroup(service, prefix))]),
  ];
}

function readingGroup(principal: string, name: string): KafkaRight {
  return { principal, resource: 'GROUP', name, operation: 'READ' };
}

/** The rights as calls of Kafka's own tool, one for each principal and resource; `--bootstrap-server` is to be added. */
export function kafkaAclsCommandLines(rights: readonly KafkaRight[]): readonly string[] {
  return grouped(rights).map(({ principal, resource, name, isPrefix, operations }) => {
    const allowed = operations.map((operation) => `--operation ${operation}`).join(' ');
    const pattern = isPrefix ? ' --resource-pattern-type prefixed' : '';
    return `kafka-acls.sh --add --allow-principal ${principal} --${resource} ${name}${pattern} ${allowed}`;
  });
}

/** The rights as a table for people. */
export function kafkaRightsTable(rights: readonly KafkaRight[]): string {
  const rows = grouped(rights).map(({ principal, resource, name, isPrefix, operations }) => {
    const on = `${resource} ${name}${isPrefix ? '*' : ''}`;
    return { principal, on, operations: operations.join(', ') };
  });
  const widthOf = (column: 'principal' | 'on') =>
    Math.max(...rows.map((row) => row[column].length));
  const [principalWidth, onWidth] = [widthOf('principal'), widthOf('on')];
  return rows
    .map(({ principal, on, operations }) =>
      [principal.padEnd(principalWidth), on.padEnd(onWidth), operations].join('  '),
    )
    .join('\n');
}

/** The operations of each principal on each resource, in the words of Kafka's tools. */
function grouped(rights: readonly KafkaRight[]) {
  const groups = Map.groupBy(rights, (right) =>
    [right.principal, right.resource, right.name].join(' '),
  );
  return [...groups.values()].flatMap((those) =>
    those.slice(0, 1).map(({ principal, resource, name, isPrefix = false }) => ({
      ...{ principal, resource: resource.toLowerCase(), name, isPrefix },
      operations: those.map(({ operation }) => capitalized(operation)),
    })),
  );
}

function capitalized(operation: string): string {
  return operation.charAt(0) + operation.slice(1).toLowerCase();
}
