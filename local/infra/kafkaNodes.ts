// What a test may do with the brokers of a cluster of its own, processes or containers.
import type { KafkaSecurity } from './kafkaSecurity.ts';

/** What kind of cluster. */
export interface KafkaClusterOptions {
  /** How many brokers, each a controller as well; 1 if not given. */
  readonly nodes?: number;
  /** Broker settings on top of the launcher's, such as broker.session.timeout.ms. */
  readonly properties?: Readonly<Record<string, string>>;
  /** If not given, anybody may do everything, in plain text. */
  readonly security?: KafkaSecurity;
}

/** One broker of the cluster. */
export interface KafkaNode {
  /** The id that Kafka's metadata shows, from 1. */
  readonly nodeId: number;
  /** host:port for clients. */
  readonly broker: string;
  /** kill -9; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** SIGTERM, on which it hands its leaderships over; resolves when the process is gone. */
  readonly shutDown: () => Promise<void>;
  /** Starts it again on its data and ports, and ends it first if it runs; resolves when it answers. */
  readonly restart: () => Promise<void>;
  /** kill -9 and an empty data folder; resolves when the broker answers on the same ports and knows nothing any more. */
  readonly wipe: () => Promise<void>;
}

/** A broker that was started and may not answer yet. */
export interface StartedNode extends KafkaNode {
  /** Resolves when it answers. */
  readonly ready: () => Promise<void>;
}

/** Brokers that were started together, and how their data is removed. */
export interface StartedNodes {
  readonly nodes: readonly StartedNode[];
  readonly remove: () => Promise<void>;
}

/** A running cluster. */
export interface KafkaCluster {
  readonly brokers: readonly string[];
  readonly nodes: readonly KafkaNode[];
  /** Ends all brokers and removes their data. */
  readonly stop: () => Promise<void>;
}
