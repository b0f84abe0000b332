// The settings of Kafka that belong together.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { ConfigError, readConfig } from '@orderflow/shared/runtime/config.ts';
import {
  defaultGroup,
  kafkaSettings,
  kafkaSettingsFit,
} from '@orderflow/shared/runtime/kafkaSettings.ts';
import { kafkaAccess } from '@orderflow/shared/messaging/kafkaSecurity.ts';

const schema = z.object(kafkaSettings()).superRefine(kafkaSettingsFit);
const read = (env: Record<string, string>) => kafkaAccess(readConfig(schema, env));
const LOG_IN = { KAFKA_SASL_USERNAME: 'orders', KAFKA_SASL_PASSWORD: 'hunter2' };

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('the settings of Kafka', () => {
  let folder: string;
  let caFile: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'orderflow-'));
    caFile = path.join(folder, 'ca.pem');
    writeFileSync(caFile, '-----BEGIN CERTIFICATE-----\n');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('mean plain text and nobody if nothing is said', () => {
    expect(read({})).toEqual({ brokers: ['127.0.0.1:9092'] });
  });

  it('give a log-in, and TLS with the authorities of the system or those of a file', () => {
    const sasl = { mechanism: 'scram-sha-512', username: 'orders', password: 'hunter2' };
    expect(read({ KAFKA_TLS: 'on', KAFKA_SASL_MECHANISM: 'scram-sha-512', ...LOG_IN })).toEqual({
      ...{ brokers: ['127.0.0.1:9092'], tls: {}, sasl },
    });
    expect(read({ KAFKA_TLS: 'on', KAFKA_TLS_CA_FILE: caFile }).tls).toEqual({
      ca: Buffer.from('-----BEGIN CERTIFICATE-----\n'),
    });
  });

  it('name no group unless one is given: then it is that of the service, with the prefix of the topics', () => {
    expect(readConfig(schema, {}).KAFKA_GROUP_ID).toBeUndefined();
    expect(defaultGroup('orders', '')).toBe('orderflow-orders');
    expect(defaultGroup('orders', 'shop.')).toBe('shop.orderflow-orders');
  });

  it('with authorities but no TLS are a fault', () => {
    expect(faultsOf({ KAFKA_TLS_CA_FILE: caFile })).toEqual([
      'KAFKA_TLS: not given, expected on, since KAFKA_TLS_CA_FILE is given',
    ]);
  });

  it('with a mechanism but no user or password are a fault', () => {
    expect(faultsOf({ KAFKA_SASL_MECHANISM: 'plain' })).toEqual([
      'KAFKA_SASL_USERNAME: not given, expected a value, since KAFKA_SASL_MECHANISM is plain',
      'KAFKA_SASL_PASSWORD: not given, expected a value, since KAFKA_SASL_MECHANISM is plain',
    ]);
  });

  it('with a user or a password but no mechanism are a fault: nothing would be proved by them', () => {
    expect(faultsOf(LOG_IN)).toEqual([
      'KAFKA_SASL_MECHANISM: not given, expected plain, scram-sha-256 or scram-sha-512, since KAFKA_SASL_USERNAME is given',
    ]);
  });

  it('with a file that is not there, or holds no certificate, are a fault', () => {
    const other = path.join(folder, 'key.pem');
    writeFileSync(other, '-----BEGIN PRIVATE KEY-----\n');
    for (const file of [path.join(folder, 'none.pem'), other])
      expect(faultsOf({ KAFKA_TLS: 'on', KAFKA_TLS_CA_FILE: file })).toEqual([
        `KAFKA_TLS_CA_FILE: given "${file}", expected the path of a readable PEM file with certificates`,
      ]);
  });
});
