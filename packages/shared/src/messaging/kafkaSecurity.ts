// How this process proves to Kafka who it is, and how it knows that the other end is Kafka.
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { KafkaConfig } from '../runtime/kafkaSettings.ts';

type Mechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

/** A user name and a password, and the way in which the broker checks them; one type for each way, as kafkajs has it. */
export type KafkaSasl = {
  readonly [M in Mechanism]: {
    readonly mechanism: M;
    readonly username: string;
    readonly password: string;
  };
}[Mechanism];

/** Where Kafka is and how it is spoken to; without `tls` in plain text, without `sasl` as nobody. */
export interface KafkaAccess {
  readonly brokers: readonly string[];
  readonly tls?: Pick<ConnectionOptions, 'ca'>;
  readonly sasl?: KafkaSasl;
}

/** The access that the settings describe. Throws when the file of the authorities has gone since they were read. */
export function kafkaAccess(config: KafkaConfig): KafkaAccess {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_TLS_CA_FILE: caFile } = config;
  return {
    brokers: config.KAFKA_BROKERS,
    ...(config.KAFKA_TLS === 'off'
      ? {}
      : { tls: caFile === undefined ? {} : { ca: readFileSync(caFile) } }),
    ...(mechanism === 'none'
      ? {}
      : {
          sasl: {
            mechanism,
            username: config.KAFKA_SASL_USERNAME ?? '',
            password: config.KAFKA_SASL_PASSWORD ?? '',
          },
        }),
  };
}

/** The name that Kafka's access rules know this process by. With TLS and no user name it is nobody as well: we show no certificate. */
export function principalOf({ sasl }: Pick<KafkaAccess, 'sasl'>): string {
  return `User:${sasl?.username ?? 'ANONYMOUS'}`;
}

/** One right of one principal, from any host. */
export interface KafkaRight {
  /** `User:` and the name that it logs in with. */
  readonly principal: string;
  readonly resource: 'TOPIC' | 'GROUP';
  /** The topic's or group's whole name, or what it begins with. */
  readonly name: string;
  /** True if it is for all whose names begin so. */
  readonly isPrefix?: boolean;
  readonly operation: 'CREATE' | 'READ' | 'WRITE';
}
