// What the relay and the consumer need of a message broker. kafka.ts is the real one; a simulated one can stand in.

/** One partition of one topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A record to send; its partition is chosen by the sender. */
export interface OutgoingRecord {
  readonly partition: number;
  readonly key: string;
  readonly value: string;
}

/** A sender that has failed once is thrown away: what its broker still takes of it is unknown. */
export interface Producer {
  /**
   * Sends the records, in order within each partition, and resolves only when every partition has acknowledged all of
   * them. One call at a time. Throws MessageTooLargeError, or any other error: then some may have been stored.
   */
  send(topic: string, records: readonly OutgoingRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** The broker refuses the size of a partition's batch: send less at once. */
export class MessageTooLargeError extends Error {}

/** A record as it was read. */
export interface IncomingRecord {
  readonly offset: bigint;
  readonly value: Buffer | null;
}

/** Records of one partition that were fetched together, and what may be told about them. */
export interface FetchedBatch extends TopicPartition {
  readonly records: readonly IncomingRecord[];
  /** The records up to this offset are done: the next fetch starts behind it. */
  resolve(offset: bigint): void;
  /** Tells the group that this member lives. Throws when the group is rebalancing: the batch should be given back. */
  heartbeat(): Promise<void>;
  /** False when the partition was sought elsewhere or the consumer is stopping: what is left should not be handled. */
  isCurrent(): boolean;
}

/** What a group member is told. */
export interface GroupMember {
  /** Called synchronously after each join, before anything of the new assignment is fetched. */
  onAssigned(assignment: readonly TopicPartition[]): void;
  /** Called for all partitions of a fetch at once; the next fetch waits until all have resolved. */
  onBatch(batch: FetchedBatch): Promise<void>;
  /** The connection has ended; it joins again by itself, or (`restarts` is false) never will. */
  onCrash(error: Error, restarts: boolean): void;
}

/** A member of a consumer group. Seek, pause and resume take effect with the next fetch, and do nothing when not joined. */
export interface GroupConnection {
  start(): Promise<void>;
  stop(): Promise<void>;
  seek(at: TopicPartition, offset: bigint): void;
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /** Stores offsets for lag tools; nothing here reads them. */
  commitOffsets(offsets: readonly (TopicPartition & { readonly offset: bigint })[]): Promise<void>;
}

/** Which offsets a partition holds: `low` is the first one kept, `high` the one that comes next. */
export interface PartitionOffsets {
  readonly low: bigint;
  readonly high: bigint;
}

/** The broker. What is asked of it throws a retryable AppError 'kafka_unavailable' when it cannot be reached. */
export interface MessageBroker {
  createProducer(): Promise<Producer>;
  createGroupConnection(
    options: { readonly groupId: string; readonly topics: readonly string[] },
    member: GroupMember,
  ): GroupConnection;
  /** The topic's partition count; undefined when there is no such topic. */
  partitionCount(topic: string): Promise<number | undefined>;
  /** Makes a topic; does nothing when it is there already. */
  createTopic(topic: string, partitionCount: number, replicationFactor: number): Promise<void>;
  /** What each partition holds; undefined when there is no such topic. */
  readOffsets(topic: string): Promise<ReadonlyMap<number, PartitionOffsets> | undefined>;
}
