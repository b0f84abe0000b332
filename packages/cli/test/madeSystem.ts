// Makes the databases of a whole system that has sold something: valid logs, read models and cursors, without Kafka, fast.
import type { Pool } from 'mysql2/promise';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import { chainHash, GENESIS_HASH } from '@orderflow/shared/eventstore/hashChain.ts';
import { keyOf, keyText } from '@orderflow/shared/eventstore/projectionEngine.ts';
import type { Row, Rows } from '@orderflow/shared/eventstore/projection.ts';
import { START, type Place } from '@orderflow/shared/messaging/chain.ts';
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import { partitionOf } from '@orderflow/shared/messaging/murmur2.ts';
import type { DataService } from '../src/config.ts';
import type { AuditedService } from '../src/verify/services.ts';
import { inboundOf } from '../src/verify/topicBook.ts';

const PARTITIONS = 12;
const CHUNK_ROWS = 2_000;
/** Events between two snapshots of a stream: fewer than a service has them, as the streams of small shops are short. */
const SNAPSHOT_EVENTS = 20;

const INSERT_EVENTS = `INSERT INTO events
  (incarnation, position, stream_id, version, type, schema_version, data, metadata, hash)`;
const INSERT_SNAPSHOTS =
  'INSERT INTO snapshots (stream_id, version, hash, state_schema_version, state)';

/** Where a made service sends its messages. */
type Deliver = (message: InboundMessage) => void;

/** What is written for one service. */
interface MadeTables {
  events: unknown[][];
  readonly rows: Map<string, Map<string, Row>>;
  /** By stream. */
  readonly snapshots: Map<string, unknown[]>;
}

/** A service without its process: it decides, and what it decides is written to its database. */
export class MadeService<State, Command, Event extends DomainEvent, Fact extends DomainEvent> {
  readonly #service: AuditedService<State, Command, Event, Fact>;
  readonly #admin: Pool;
  readonly #streams = new Map<string, { version: number; hash: string; state: State }>();
  readonly #lastSent = new Map<number, Place>();
  readonly #handled = new Map<string, { topic: string; partition: number; place: Place }>();
  readonly #made: MadeTables = {
    ...{ events: [], rows: new Map(), snapshots: new Map() },
  };
  readonly #reactions;
  #position = 0;
  #lastCartLineId = 0;
  #moment = Date.UTC(2026, 0, 1);
  deliver: Deliver = () => undefined;
  readonly topic: string;

  constructor(
    service: AuditedService<State, Command, Event, Fact>,
    admin: Pool,
    topicPrefix: string,
  ) {
    this.#service = service;
    this.topic = `${topicPrefix}${service.parts.topic}`;
    this.#admin = admin;
    this.#reactions = service.reactions?.(() => ({
      at: this.now(),
      cartLineId: (this.#lastCartLineId += 1),
      cartLineUuid: madeUuid(this.#lastCartLineId),
    }));
  }

  /** A moment later than all before it. */
  now(): string {
    this.#moment += 1;
    return new Date(this.#moment).toISOString();
  }

  /** Takes a request. */
  request(streamId: string, command: Command): void {
    const { state } = this.#standing(streamId);
    const decision = this.#service.parts.decider.decide(command, state);
    if (decision.kind === 'events')
      for (const event of decision.events) this.#append(streamId, event, this.#requestId());
  }

  /** A client chooses the id of its request: some choose one that looks like a message's, which must mislead nobody. */
  #requestId(): string {
    return this.#position % 30 === 0 ? 'inventory/1.999999.0' : madeUuid(this.#position);
  }

  /** Handles a message of another service's topic. */
  async hear(message: InboundMessage, topic: string): Promise<void> {
    const partition = partitionOf(message.key, PARTITIONS);
    this.#handled.set(`${topic}/${partition}`, { topic, partition, place: message.place });
    const fact = this.#reactions?.parse(message);
    if (fact === undefined || this.#reactions === undefined) return;
    this.#fold(fact);
    const load = (streamId: string) => Promise.resolve(this.#standing(streamId).state);
    for (const { streamId, events } of await this.#reactions.react(fact, load))
      for (const event of events) this.#append(streamId, event, message.id);
  }

  /** Writes what was made since the last time; `isEnd`: also what the last rows and cursors are. */
  async write(isEnd: boolean): Promise<void> {
    await insert(this.#admin, INSERT_EVENTS, this.#made.events);
    this.#made.events = [];
    for (const table of this.#service.parts.projections.flatMap(({ tables }) => tables)) {
      const rows = this.#made.rows.get(table.name);
      // An order's row is written once; all others change until the end.
      if (rows === undefined || !(isEnd || table.name === 'orders')) continue;
      const values = [...rows.values()].map((row) => table.columns.map((name) => row[name]));
      await insert(this.#admin, `INSERT INTO ${table.name} (${table.columns.join(', ')})`, values);
      rows.clear();
    }
    if (!isEnd) return;
    await insert(this.#admin, INSERT_SNAPSHOTS, [...this.#made.snapshots.values()]);
    await this.#writeCursors();
  }

  async #writeCursors(): Promise<void> {
    const relay = [...this.#lastSent].map(([partition, { incarnation, position, part }]) => [
      ...[this.topic, partition, incarnation, position, part, this.#position],
    ]);
    const consumer = [...this.#handled.values()].map(({ topic, partition, place }) => [
      ...[this.#service.name, topic, partition, place.incarnation, place.position, place.part, 0],
    ]);
    await this.#admin.query('UPDATE log_head SET last_position = ?', [this.#position]);
    await insert(this.#admin, 'INSERT INTO topics (topic, partition_count)', [
      [this.topic, PARTITIONS],
    ]);
    await insert(
      this.#admin,
      'INSERT INTO relay_cursors (topic, partition_id, incarnation, position, part, scanned_position)',
      relay,
    );
    await insert(
      this.#admin,
      'INSERT INTO consumer_cursors (consumer, topic, partition_id, incarnation, position, part, next_offset)',
      consumer,
    );
  }

  #standing(streamId: string) {
    const known = this.#streams.get(streamId);
    return (
      known ?? { version: 0, hash: GENESIS_HASH, state: this.#service.parts.decider.initialState }
    );
  }

  #append(streamId: string, event: Event, causationId: string): void {
    const { codec, decider, toMessages } = this.#service.parts;
    const { version, hash: previous, state } = this.#standing(streamId);
    this.#position += 1;
    const metadata = { correlationId: madeUuid(this.#position), causationId };
    const stored = {
      ...{ streamId, version: version + 1, type: event.type },
      schemaVersion: codec.schemaVersionOf(event.type),
      ...{ data: JSON.stringify(event.data), metadata: JSON.stringify(metadata) },
    };
    const hash = chainHash(previous, stored);
    const next = decider.evolve(state, event);
    if (this.#service.isSettled(next)) this.#streams.delete(streamId);
    else this.#streams.set(streamId, { version: version + 1, hash, state: next });
    this.#keepSnapshot(streamId, version + 1, hash, next);
    this.#made.events.push([
      ...[1, this.#position, streamId, stored.version, stored.type, stored.schemaVersion],
      ...[stored.data, stored.metadata, Buffer.from(hash, 'hex')],
    ]);
    this.#fold(event);
    const place = { incarnation: 1, position: this.#position };
    const recorded = { ...place, ...stored, hash, event, metadata };
    for (const [part, message] of toMessages(recorded).entries())
      this.#send(inboundOf(this.#service.name, message, this.#chain(message.key, part), metadata));
  }

  #keepSnapshot(streamId: string, version: number, hash: string, state: State): void {
    const { stateCodec } = this.#service.parts;
    if (stateCodec === undefined || version % SNAPSHOT_EVENTS !== 0) return;
    const row = [streamId, version, Buffer.from(hash, 'hex')];
    this.#made.snapshots.set(streamId, [
      ...[...row, stateCodec.schemaVersion, stateCodec.serialize(state)],
    ]);
  }

  #chain(key: string, part: number) {
    const partition = partitionOf(key, PARTITIONS);
    const prev = this.#lastSent.get(partition) ?? START;
    const place = { incarnation: 1, position: this.#position, part };
    this.#lastSent.set(partition, place);
    return { place, prev };
  }

  #send(message: InboundMessage): void {
    this.deliver(message);
  }

  #fold(event: Event | Fact): void {
    const { projections } = this.#service.parts;
    const tables = new Map(
      projections.flatMap((p) => p.tables).map((table) => [table.name, table]),
    );
    const rowsOf = (table: string) => {
      const known = this.#made.rows.get(table) ?? new Map<string, Row>();
      this.#made.rows.set(table, known);
      return known;
    };
    const rows: Rows = {
      get: (table, ...key) => rowsOf(table).get(keyText(key)),
      put: (name, row) => {
        const table = tables.get(name);
        if (table !== undefined) rowsOf(name).set(keyText(keyOf(table, row)), row);
      },
    };
    for (const projection of projections) projection.apply(event, rows);
  }
}

/** A UUID v7 that rises with its number; its end is scattered, as those of the gateway are. */
export function madeUuid(number: number): string {
  const high = number.toString(16).padStart(8, '0');
  const end = Math.imul(number, 0x9e3779b1) >>> 0;
  return `0190${high.slice(0, 4)}-${high.slice(4)}-7000-8000-0000${end.toString(16).padStart(8, '0')}`;
}

async function insert(admin: Pool, into: string, rows: readonly unknown[][]): Promise<void> {
  for (let at = 0; at < rows.length; at += CHUNK_ROWS)
    await admin.query(`${into} VALUES ?`, [rows.slice(at, at + CHUNK_ROWS)]);
}

/** The pools of the administrator, by service. */
export type AdminPools = Readonly<Record<DataService, Pool>>;
