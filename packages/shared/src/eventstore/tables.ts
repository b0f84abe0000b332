// The event store's tables as TypeORM entities, with what the runtime user may do to each. The migration beside makes them.
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import type { Schema } from '../runtime/schema.ts';
import { EventStore1763800000000 } from './migrations/eventStore1763800000000.ts';
import { EventStore1763800000300 } from './migrations/eventStore1763800000300.ts';
import { EventStore1763800000400 } from './migrations/eventStore1763800000400.ts';
import { EventStore1763800000500 } from './migrations/eventStore1763800000500.ts';
import { EventStore1763800000600 } from './migrations/eventStore1763800000600.ts';

const unsigned = { type: 'int', unsigned: true } as const;
const position = { type: 'bigint', unsigned: true } as const;
const text = (length: number): EntitySchemaColumnOptions => ({ type: 'varchar', length });
const place = { incarnation: unsigned, position, part: unsigned } as const;
const primary = (column: EntitySchemaColumnOptions): EntitySchemaColumnOptions => ({
  ...column,
  primary: true,
});

const events = new EntitySchema({
  name: 'events',
  columns: {
    incarnation: unsigned,
    position: primary(position),
    stream_id: text(100),
    version: unsigned,
    type: text(100),
    schema_version: unsigned,
    data: { type: 'mediumtext' },
    metadata: { type: 'mediumtext' },
    hash: { type: 'binary', length: 32 },
    recorded_at: { type: 'datetime', precision: 3, default: () => 'CURRENT_TIMESTAMP(3)' },
  },
  uniques: [{ name: 'uq_events_stream_version', columns: ['stream_id', 'version'] }],
});

const logHead = new EntitySchema({
  name: 'log_head',
  columns: {
    id: primary(unsigned),
    incarnation: unsigned,
    last_position: position,
    fence: { ...position, default: 0 },
  },
});

const counters = new EntitySchema({
  name: 'counters',
  columns: { name: primary(text(100)), last_id: position },
});

const consumerCursors = new EntitySchema({
  name: 'consumer_cursors',
  columns: {
    consumer: primary(text(100)),
    topic: primary(text(249)),
    partition_id: primary(unsigned),
    ...place,
    next_offset: position,
  },
});

const parkedMessages = new EntitySchema({
  name: 'parked_messages',
  columns: {
    consumer: primary(text(100)),
    topic: primary(text(249)),
    partition_id: unsigned,
    message_key: primary(text(255)),
    incarnation: primary(unsigned),
    position: primary(position),
    part: primary(unsigned),
    value: { type: 'mediumtext' },
    reason: { type: 'text' },
    parked_at: text(24),
    wish: { ...text(8), default: '' },
    answer: { ...text(2_000), default: '' },
  },
  indices: [{ name: 'ix_parked_messages_wish', columns: ['consumer', 'wish'] }],
});

const relayLease = new EntitySchema({
  name: 'relay_lease',
  columns: {
    name: primary(text(100)),
    epoch: position,
    owner: text(100),
    expires_at: { type: 'datetime', precision: 3 },
  },
});

const relayCursors = new EntitySchema({
  name: 'relay_cursors',
  columns: {
    topic: primary(text(249)),
    partition_id: primary(unsigned),
    ...place,
    scanned_position: position,
  },
});

const topics = new EntitySchema({
  name: 'topics',
  columns: { topic: primary(text(249)), partition_count: unsigned },
});

const snapshots = new EntitySchema({
  name: 'snapshots',
  columns: {
    stream_id: primary(text(100)),
    version: unsigned,
    hash: { type: 'binary', length: 32 },
    state_schema_version: unsigned,
    state: { type: 'mediumtext' },
  },
});

const publisherHistories = new EntitySchema({
  name: 'publisher_histories',
  columns: {
    topic: primary(text(249)),
    incarnation: primary(unsigned),
    last_position: position,
  },
});

/**
 * The part of every service's schema that is the event store. The log can only grow: the runtime user may neither
 * change nor delete an event, so no bug of a service can. log_head and relay_lease rows are made by the migration.
 */
export const eventStoreSchema: Schema = {
  tables: [
    { entity: events, grants: ['SELECT', 'INSERT'] },
    { entity: logHead, grants: ['SELECT', 'UPDATE'] },
    { entity: counters, grants: ['SELECT', 'INSERT', 'UPDATE'] },
    { entity: consumerCursors, grants: ['SELECT', 'INSERT', 'UPDATE'] },
    { entity: parkedMessages, grants: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
    { entity: relayLease, grants: ['SELECT', 'UPDATE'] },
    { entity: relayCursors, grants: ['SELECT', 'INSERT', 'UPDATE'] },
    { entity: topics, grants: ['SELECT', 'INSERT'] },
    { entity: snapshots, grants: ['SELECT', 'INSERT', 'UPDATE'] },
    // Written by a restore alone.
    { entity: publisherHistories, grants: ['SELECT'] },
  ],
  migrations: [
    EventStore1763800000000,
    EventStore1763800000300,
    EventStore1763800000400,
    EventStore1763800000500,
    EventStore1763800000600,
  ],
};
