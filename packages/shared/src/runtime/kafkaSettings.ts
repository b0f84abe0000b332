// Where Kafka is, how a service speaks to it, and what its topics are made with.
import { z } from 'zod';
import { numberSetting, textSetting } from './config.ts';
import { certificateFileSetting } from './settingFiles.ts';

/** Kafka's bootstrap brokers: `host:port`, separated by commas. */
function brokersSetting() {
  const expected = 'brokers like 127.0.0.1:9092, separated by commas';
  return z
    .string(expected)
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .pipe(z.array(z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^\s:,]+):\d{1,5}$/, expected)));
}

/** The settings of a service that speaks Kafka. */
export function kafkaSettings() {
  const prefix = 'letters, digits, dot, _ and -, at most 100';
  return {
    KAFKA_BROKERS: brokersSetting().prefault('127.0.0.1:9092'),
    /** Without it `defaultGroup`. */
    KAFKA_GROUP_ID: textSetting('a consumer group').optional(),
    TOPIC_PREFIX: z
      .string(prefix)
      .regex(/^[\w.-]{0,100}$/, prefix)
      .default(''),
    TOPIC_PARTITIONS: numberSetting('partitions', 1, 1000).prefault('12'),
    TOPIC_REPLICATION_FACTOR: numberSetting('replicas', 1, 10).prefault('1'),
    ...kafkaSecuritySettings(),
  };
}

/**
 * The consumer group of a service whose settings name none. With the prefix of the topics: of two installations in one
 * group, the member that leads it would deal out the topics of its own only, and the other one would stand still.
 */
export function defaultGroup(service: string, topicPrefix: string): string {
  return `${topicPrefix}orderflow-${service}`;
}

function kafkaSecuritySettings() {
  return {
    KAFKA_TLS: z.enum(['off', 'on'], 'off or on').default('off'),
    KAFKA_TLS_CA_FILE: certificateFileSetting().optional(),
    KAFKA_SASL_MECHANISM: z
      .enum(
        ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
        'none, plain, scram-sha-256 or scram-sha-512',
      )
      .default('none'),
    KAFKA_SASL_USERNAME: textSetting('a user name').optional(),
    KAFKA_SASL_PASSWORD: textSetting('a password').optional(),
  };
}

/** The settings that say how Kafka is reached, as `kafkaSettings` reads them. */
export interface KafkaConfig {
  readonly KAFKA_BROKERS: readonly string[];
  readonly KAFKA_TLS: 'off' | 'on';
  readonly KAFKA_TLS_CA_FILE?: string | undefined;
  readonly KAFKA_SASL_MECHANISM: 'none' | 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly KAFKA_SASL_USERNAME?: string | undefined;
  readonly KAFKA_SASL_PASSWORD?: string | undefined;
}

/**
 * For `superRefine` of a schema with `kafkaSettings`: settings of Kafka that belong together. Whoever gives a user name
 * and forgets the mechanism would else go without a password, and see it only on a broker that asks for one.
 */
export function kafkaSettingsFit(config: KafkaConfig, context: z.RefinementCtx): void {
  const fault = (setting: keyof KafkaConfig, message: string) => {
    context.addIssue({ code: 'custom', path: [setting], message });
  };
  if (config.KAFKA_TLS === 'off' && config.KAFKA_TLS_CA_FILE !== undefined)
    fault('KAFKA_TLS', 'on, since KAFKA_TLS_CA_FILE is given');
  const mechanism = config.KAFKA_SASL_MECHANISM;
  for (const setting of ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const) {
    const isGiven = config[setting] !== undefined;
    if (mechanism !== 'none' && !isGiven)
      fault(setting, `a value, since KAFKA_SASL_MECHANISM is ${mechanism}`);
    if (mechanism === 'none' && isGiven)
      fault(
        'KAFKA_SASL_MECHANISM',
        `plain, scram-sha-256 or scram-sha-512, since ${setting} is given`,
      );
  }
}
