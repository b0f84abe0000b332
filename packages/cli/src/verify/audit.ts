// The audit: three logs read side by side, in an order in which every event comes behind those that led to it.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import { partitionOf } from '@orderflow/shared/messaging/murmur2.ts';
import { DATA_SERVICES, type DataService } from '../config.ts';
import type { Cut } from '../cut.ts';
import type { ServiceParts } from '../serviceLogs.ts';
import { readersOf } from './cursorOffsets.ts';
import { readCursors, type ParkedRow, type ServiceCursors } from './cursors.ts';
import { relayDoubts } from './doubts.ts';
import { Findings } from './findings.ts';
import { tellHistories } from './histories.ts';
import { Link } from './link.ts';
import { OrderLines } from './orderLines.ts';
import { ParkedBook } from './parkedBook.ts';
import { LogReader } from './rawEvents.ts';
import { RelayBook } from './relayBook.ts';
import { readSideBySide } from './sideBySide.ts';
import { ServiceAuditor, type AuditorDeps } from './serviceAuditor.ts';
import { auditedInventory, auditedOrders, auditedUsers } from './services.ts';
import { TopicBook } from './topicBook.ts';

/** One number for each service. */
export type PerService = Readonly<Record<DataService, number>>;

/** What is audited. */
export interface AuditInput {
  readonly parts: ServiceParts;
  readonly snapshots: Cut['snapshots'];
  /** Positions up to here were looked at before; 0 for all. */
  readonly since: PerService;
  readonly topicPrefix: string;
  /** The count of a topic that was never made. */
  readonly defaultPartitions: number;
  /** Told of each topic before its messages come, with the book that will have them. */
  readonly onTopic?: (book: TopicBook, findings: Findings) => Promise<void>;
  /** Told now and then how many events were read. */
  readonly onProgress?: (events: number) => void;
}

/** What an audit gives. */
export interface AuditResult {
  readonly findings: Findings;
  readonly events: number;
  readonly orders: {
    readonly requested: number;
    readonly confirmed: number;
    readonly rejected: number;
  };
  readonly inFlight: {
    readonly undecidedOrders: number;
    /** By `publisher → consumer`: messages behind the consumer's cursor. */
    readonly messages: Readonly<Record<string, number>>;
    /** By topic: messages that the relay has not sent, as far as its cursors were stored. */
    readonly notSent: Readonly<Record<string, number>>;
  };
  readonly parked: readonly (ParkedRow & { readonly consumer: DataService })[];
  /** What was not compared, and why. */
  readonly notCompared: readonly string[];
  /** What may be lawful, or somebody's hand: no breaches. */
  readonly doubts: readonly string[];
}

type Auditor = ReturnType<typeof createAuditors>[DataService];

/** Audits the cut. Throws when a database cannot be read, never for what it finds. */
export async function audit(input: AuditInput): Promise<AuditResult> {
  const findings = new Findings();
  const cursors = await readAllCursors(input.snapshots);
  const isWhole = DATA_SERVICES.every((service) => input.since[service] === 0);
  const lines = new OrderLines(findings, isWhole);
  const topics = createTopics(input, cursors, findings);
  if (input.onTopic)
    for (const service of DATA_SERVICES) await input.onTopic(topics[service], findings);
  const auditors = createAuditors(input, topics, lines, findings);
  const links = [
    createLink('orders', 'inventory', auditors, topics, cursors, { lines, findings }),
    createLink('inventory', 'orders', auditors, topics, cursors, { lines, findings }),
    createLink('users', 'orders', auditors, topics, cursors, { lines, findings }),
  ];
  const lanes = DATA_SERVICES.map((service) => ({
    auditor: auditors[service],
    log: new LogReader(input.snapshots[service].connection, input.since[service]),
  }));
  for (const { auditor } of isWhole ? lanes : []) await auditor.readSnapshots();
  const events = await readSideBySide(lanes, input.onProgress);
  for (const service of DATA_SERVICES) auditors[service].close();
  for (const { link } of links) await link.close();
  lines.close();
  for (const service of DATA_SERVICES) topics[service].close();
  if (isWhole) tellHistories({ topics, logs: auditors, heads: input.snapshots, cursors, findings });
  const notCompared = [
    ...(await compareReadModels(input, auditors, links, isWhole)),
    ...DATA_SERVICES.flatMap((service) => auditors[service].snapshots.close()),
    ...unfollowed(lines, links),
  ];
  for (const { link } of links) link.tellMovedBack();
  return {
    ...{ findings, events, notCompared },
    doubts: [...(await relayDoubts(topics, cursors, input.snapshots)), ...findings.doubts],
    orders: { requested: lines.requested, confirmed: lines.confirmed, rejected: lines.rejected },
    inFlight: {
      undecidedOrders: lines.undecided(),
      messages: Object.fromEntries(links.map(({ name, link }) => [name, link.inFlight])),
      notSent: Object.fromEntries(
        DATA_SERVICES.map((name) => [topics[name].topic, topics[name].relay.notSent]),
      ),
    },
    parked: DATA_SERVICES.flatMap((consumer) =>
      cursors[consumer].parked.map((row) => ({ ...row, consumer })),
    ),
  };
}

type AllCursors = Readonly<Record<DataService, ServiceCursors>>;

async function readAllCursors(snapshots: Cut['snapshots']): Promise<AllCursors> {
  return {
    users: await readCursors(snapshots.users.connection, 'users'),
    inventory: await readCursors(snapshots.inventory.connection, 'inventory'),
    orders: await readCursors(snapshots.orders.connection, 'orders'),
  };
}

function createTopics(input: AuditInput, cursors: AllCursors, findings: Findings) {
  const topicOf = (publisher: DataService): TopicBook => {
    const { topics, relay } = cursors[publisher];
    const base = input.parts[publisher].topic;
    const named = `${input.topicPrefix}${base}`;
    // A schema knows its topic by its whole name: where the prefix is not told, it is read there.
    const topic = topics.has(named)
      ? named
      : ([...topics.keys()].find((name) => name.endsWith(base)) ?? named);
    return new TopicBook({
      ...{ publisher, topic, findings, since: input.since[publisher] },
      prefix: topic.slice(0, topic.length - base.length),
      partitionCount: topics.get(topic) ?? input.defaultPartitions,
      relay: new RelayBook({
        ...{ publisher, topic, findings, head: input.snapshots[publisher] },
        cursors: relay.filter((cursor) => cursor.topic === topic),
      }),
      history: DATA_SERVICES.map((reader) => cursors[reader].histories.get(topic)).find(Boolean),
      readers: readersOf(topic, cursors),
    });
  };
  return { users: topicOf('users'), inventory: topicOf('inventory'), orders: topicOf('orders') };
}

function createAuditors(
  input: AuditInput,
  topics: Readonly<Record<DataService, TopicBook>>,
  lines: OrderLines,
  findings: Findings,
) {
  const depsOf = (service: DataService, onEvent: AuditorDeps['onEvent']): AuditorDeps => ({
    ...{ findings, onEvent, topic: topics[service], since: input.since[service] },
    reader: input.snapshots[service].connection,
    head: input.snapshots[service],
  });
  const ignore = (): void => undefined;
  return {
    users: new ServiceAuditor(auditedUsers(input.parts), depsOf('users', ignore)),
    inventory: new ServiceAuditor(
      auditedInventory(input.parts),
      depsOf('inventory', (event: DomainEvent, name) => {
        lines.ofInventory(event, name);
      }),
    ),
    orders: new ServiceAuditor(
      auditedOrders(input.parts),
      depsOf('orders', (event: DomainEvent, name) => {
        lines.ofOrders(event, name);
      }),
    ),
  };
}

interface NamedLink {
  readonly name: string;
  readonly consumer: DataService;
  readonly link: Link;
}

function createLink(
  publisher: DataService,
  consumer: DataService,
  auditors: Readonly<Record<DataService, Auditor>>,
  topics: Readonly<Record<DataService, TopicBook>>,
  cursors: AllCursors,
  { lines, findings }: { readonly lines: OrderLines; readonly findings: Findings },
): NamedLink {
  const book = topics[publisher];
  const { topic, partitionCount } = book;
  const own = cursors[consumer].consumer.filter((cursor) => cursor.topic === topic);
  for (const { partition, place } of own)
    book.watch(`cursor ${consumer}/${topic}/${partition}`, partition, place);
  const link = new Link({
    ...{ publisher, consumer, topic, findings },
    cursors: new Map(own.map(({ partition, place }) => [partition, place])),
    parked: new ParkedBook({
      ...{ publisher, consumer, findings, since: book.since },
      rows: cursors[consumer].parked.filter((row) => row.topic === topic),
    }),
    open: (message) => auditors[consumer].open(message),
    lookUp: (place) => auditors[publisher].messageAt(place),
    partitionOf: (key) => partitionOf(key, partitionCount),
    onUnanswered: (message) => {
      lines.await(message);
    },
  });
  book.subscribe(link);
  auditors[consumer].listenTo(publisher, link);
  return { name: `${publisher} → ${consumer}`, consumer, link };
}

/** What was too much at a time to be followed, in words. */
function unfollowed(lines: OrderLines, links: readonly NamedLink[]): readonly string[] {
  const counts = [
    { count: lines.unfollowed, what: 'orders' },
    ...links.map(({ name, link }) => ({ count: link.unfollowed, what: `messages of ${name}` })),
  ];
  return counts
    .filter(({ count }) => count > 0)
    .map(({ count, what }) => `${count} ${what}: more were under way at a time than are followed`);
}

async function compareReadModels(
  input: AuditInput,
  auditors: Readonly<Record<DataService, Auditor>>,
  links: readonly NamedLink[],
  isWhole: boolean,
): Promise<readonly string[]> {
  const notCompared: string[] = [];
  if (!isWhole)
    notCompared.push(
      'read models and snapshots: they are the fold of all events, not of those since a position',
    );
  for (const service of DATA_SERVICES) {
    const { readModels } = auditors[service];
    const doubtful = links.filter(
      ({ consumer, link }) => consumer === service && link.isDoubtful(),
    );
    for (const { name } of doubtful)
      notCompared.push(
        `read models of ${service} that others' messages fill: a cursor of ${name} contradicts the logs`,
      );
    if (isWhole) await readModels.compare(input.snapshots[service].connection, doubtful.length > 0);
    readModels.close();
  }
  return notCompared;
}
