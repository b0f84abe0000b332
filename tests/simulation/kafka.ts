// A broker: topics in partitions, offsets, and what can befall them. Groups are in groups.ts, what clients see in broker.ts.
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import type { IncomingRecord, PartitionOffsets } from '@orderflow/shared/messaging/transport.ts';
import type { TopicTrouble } from './faults.ts';
import { Group, type Topics } from './groups.ts';
import type { World } from './world.ts';

/** A partition: the offset of its first record, and its records. */
export interface Partition {
  low: number;
  records: string[];
}

/** A record that was stored, whatever became of it since. */
export interface Stored {
  readonly topic: string;
  readonly partition: number;
  readonly value: string;
  /** As it stands in the record. */
  readonly place: string;
}

const PLACE = /"place":"([^"]*)"/;

/** The place that stands in a record; an empty text in one that is no message. */
export function placeIn(value: string): string {
  return PLACE.exec(value)?.[1] ?? '';
}

/** The broker. */
export class SimKafka implements Topics {
  readonly topics = new Map<string, Partition[]>();
  /** All that was ever stored, but for junk. */
  readonly stored: Stored[] = [];
  awayUntil = 0;
  readonly life = 1;
  /** By their ids. */
  readonly groups = new Map<string, Group>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  readonly unavailable = (): Error =>
    new AppError('kafka_unavailable', 'The broker is away', { retryable: true });

  get isAway(): boolean {
    return this.awayUntil > this.#world.scheduler.now;
  }

  partitionCount(topic: string): number {
    return this.topics.get(topic)?.length ?? 0;
  }

  create(topic: string, partitionCount: number): void {
    if (this.topics.has(topic)) return;
    const partitions = Array.from({ length: partitionCount }, () => ({ low: 0, records: [] }));
    this.topics.set(topic, partitions);
    for (const group of this.groups.values()) group.rebalance();
  }

  /** The group of this id; it is made when it is asked for first. */
  group(groupId: string): Group {
    const group = this.groups.get(groupId) ?? new Group(this.#world, this);
    this.groups.set(groupId, group);
    return group;
  }

  /** Nobody reaches it for a while; connections may break over it. */
  goAway(ms: number): void {
    this.awayUntil = Math.max(this.awayUntil, this.#world.scheduler.now + ms);
    this.#world.later(ms, () => {
      if (this.isAway) return;
      for (const group of this.groups.values()) group.shake();
      for (const topic of this.topics.keys()) this.#wake(topic);
    });
  }

  #wake(topic: string): void {
    for (const group of this.groups.values()) group.wake(topic);
  }

  /** Stores records in order. Throws when there is no such topic. */
  append(topic: string, records: readonly { partition: number; value: string }[]): void {
    const partitions = this.topics.get(topic);
    for (const { partition, value } of records) {
      const target = partitions?.[partition];
      if (target === undefined) throw new Error(`There is no ${topic}/${partition}`);
      target.records.push(value);
      this.stored.push({ topic, partition, value, place: placeIn(value) });
    }
    this.#wake(topic);
  }

  offsets(topic: string): ReadonlyMap<number, PartitionOffsets> | undefined {
    const partitions = this.topics.get(topic);
    if (partitions === undefined) return undefined;
    return new Map(
      partitions.map(({ low, records }, partition) => [
        partition,
        { low: BigInt(low), high: BigInt(low + records.length) },
      ]),
    );
  }

  read(
    topic: string,
    partition: number,
    offset: bigint,
    limit: number,
  ): { readonly from: bigint; readonly records: readonly IncomingRecord[] } {
    const found = this.topics.get(topic)?.[partition];
    if (found === undefined) return { from: offset, records: [] };
    const { low, records } = found;
    // kafkajs, told that an offset is out of range, begins where the partition begins.
    const isInRange = offset >= low && offset <= low + records.length;
    const start = isInRange ? Number(offset) - low : 0;
    return {
      from: BigInt(low + start),
      records: records.slice(start, start + limit).map((value, index) => ({
        offset: BigInt(low + start + index),
        value: Buffer.from(value),
      })),
    };
  }

  /** Lets a fault befall a topic; false if there is nothing that it could befall. */
  suffer({ kind, topic, partition, count }: TopicTrouble): boolean {
    const partitions = this.topics.get(topic);
    const target = partitions?.[partition];
    if (partitions === undefined || target === undefined) return false;
    // A topic may be lost as long as any of its partitions holds something; the other losses are of this one.
    const losing = kind === 'lost' || kind === 'emptied' ? partitions : [target];
    if (kind !== 'junk' && losing.every(({ records }) => records.length === 0)) return false;
    switch (kind) {
      case 'tail':
        target.records.length = Math.max(0, target.records.length - count);
        break;
      case 'head':
        target.low += target.records.splice(0, count).length;
        break;
      case 'lost':
        this.topics.delete(topic);
        break;
      case 'emptied':
        for (const each of partitions) Object.assign(each, { low: 0, records: [] });
        break;
      case 'junk':
        target.records.push('no message');
        break;
      case 'damaged':
        if (target.records.length > 0) target.records[target.records.length - 1] = '{"torn';
        break;
    }
    this.#wake(topic);
    return true;
  }
}
