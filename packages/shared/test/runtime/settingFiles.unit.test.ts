// Secrets from files, and the settings of encrypted connections to MySQL.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import {
  ConfigError,
  databaseSettings,
  databaseSettingsFit,
  readConfig,
} from '../../src/runtime/config.ts';
import { databaseTls } from '../../src/runtime/databaseTls.ts';

const schema = z
  .object({ ...databaseSettings('users'), IDEMPOTENCY_SECRET: z.string().min(8, 'a long one') })
  .superRefine(databaseSettingsFit);
const SECRET = { IDEMPOTENCY_SECRET: 'a-long-secret' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'settings-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function fileOf(content: string): string {
  const file = path.join(folder, String(Math.random()));
  writeFileSync(file, content);
  return file;
}

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('A secret', () => {
  it.each([
    ['as it is', 'from a file', 'from a file'],
    ['without one newline at its end', 'from a file\n', 'from a file'],
    ['without a newline of Windows', 'from a file\r\n', 'from a file'],
    ['with its spaces and a second newline', ' from a file \n\n', ' from a file \n'],
  ])('is read from the file that NAME_FILE names, %s', (_how, content, secret) => {
    const env = { ...SECRET, MYSQL_PASSWORD_FILE: fileOf(content), MYSQL_PASSWORD: '' };
    expect(readConfig(schema, env).MYSQL_PASSWORD).toBe(secret);
  });

  it('that is given twice is a fault', () => {
    const env = { ...SECRET, MYSQL_PASSWORD: 'hunter1', MYSQL_PASSWORD_FILE: fileOf('hunter2') };
    expect(faultsOf(env)).toEqual([
      'MYSQL_PASSWORD: given (masked), and MYSQL_PASSWORD_FILE too, expected one of them',
    ]);
  });

  it.each([
    ['is not there', () => path.join(folder, 'none'), 'the path of a readable file (ENOENT)'],
    ['is a folder', () => folder, 'the path of a readable file (EISDIR)'],
    ['is empty', () => fileOf('\n'), 'a file that is not empty'],
    ['is too long', () => fileOf('x'.repeat(8193)), 'a file of at most 8192 bytes'],
  ])('whose file %s is one fault, not also missing', (_what, make, expected) => {
    const file = make();
    expect(faultsOf({ IDEMPOTENCY_SECRET_FILE: file, MYSQL_PORT: 'x' })).toEqual([
      `IDEMPOTENCY_SECRET_FILE: given "${file}", expected ${expected}`,
      'MYSQL_PORT: given "x", expected a whole number from 0 to 65535 (a TCP port)',
    ]);
  });

  it('from a file is not shown when it is wrong', () => {
    expect(faultsOf({ IDEMPOTENCY_SECRET_FILE: fileOf('hunter2') })).toEqual([
      'IDEMPOTENCY_SECRET: given (masked), expected a long one',
    ]);
  });

  it('is all that is read from a file', () => {
    expect(readConfig(schema, { ...SECRET, MYSQL_USER_FILE: fileOf('me') }).MYSQL_USER).toBe(
      'orderflow_users',
    );
  });
});

describe('The settings of TLS to MySQL', () => {
  const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
  const tlsOf = (env: Record<string, string>) => databaseTls(readConfig(schema, env));

  it('are off by default', () => {
    expect(tlsOf(SECRET)).toEqual({});
  });

  it('say what of the certificate is verified, and by which authorities', () => {
    const MYSQL_TLS_CA_FILE = fileOf(PEM);
    expect(tlsOf({ ...SECRET, MYSQL_TLS: 'verify-ca', MYSQL_TLS_CA_FILE })).toEqual({
      tls: { ca: PEM, verifyIdentity: false },
    });
    expect(tlsOf({ ...SECRET, MYSQL_TLS: 'verify-identity', MYSQL_HOST: 'db.example' })).toEqual({
      tls: { verifyIdentity: true },
    });
  });

  it('refuse what would connect otherwise than was meant', () => {
    expect(faultsOf({ ...SECRET, MYSQL_TLS: 'on' })).toEqual([
      'MYSQL_TLS: given "on", expected off, verify-ca or verify-identity',
    ]);
    expect(faultsOf({ ...SECRET, MYSQL_TLS_CA_FILE: fileOf(PEM) })).toEqual([
      'MYSQL_TLS: not given, expected verify-ca or verify-identity, since MYSQL_TLS_CA_FILE is given',
    ]);
    expect(faultsOf({ ...SECRET, MYSQL_TLS: 'verify-identity', MYSQL_HOST: '10.0.0.1' })).toEqual([
      `MYSQL_HOST: given "10.0.0.1", expected the server's name as in its certificate, since MYSQL_TLS is verify-identity`,
    ]);
    const file = fileOf('no certificate');
    expect(faultsOf({ ...SECRET, MYSQL_TLS: 'verify-ca', MYSQL_TLS_CA_FILE: file })).toEqual([
      `MYSQL_TLS_CA_FILE: given "${file}", expected the path of a readable PEM file with certificates`,
    ]);
  });
});
