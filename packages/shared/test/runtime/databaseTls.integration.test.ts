// Encrypted connections, on a server that offers them (MySQL does by itself; the embedded MariaDB runs without), and
// the refusal to go in the clear on one that does not.
import { X509Certificate } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { TLSSocket } from 'node:tls';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { openPool } from '../../src/runtime/database.ts';
import type { DatabaseTls } from '../../src/runtime/databaseTls.ts';
import { testInfra } from '../../src/testing/infra.ts';

const { mysql } = testInfra();
const address = {
  host: mysql.host,
  port: mysql.port,
  user: mysql.adminUser,
  password: mysql.adminPassword,
};

/** The authority whose certificate the server sends behind its own; undefined if it offers no encryption. */
async function serversAuthority(): Promise<string | undefined> {
  const connection = await createConnection({
    ...address,
    ssl: { rejectUnauthorized: false },
  }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'HANDSHAKE_NO_SSL_SUPPORT')
      return undefined;
    throw error;
  });
  if (connection === undefined) return undefined;
  try {
    const inner: unknown = Reflect.get(connection, 'connection');
    const stream: unknown = inner instanceof EventEmitter && Reflect.get(inner, 'stream');
    if (!(stream instanceof TLSSocket)) throw new Error('The connection has no TLS socket');
    const { raw } = stream.getPeerCertificate(true).issuerCertificate;
    return new X509Certificate(raw).toString();
  } finally {
    connection.destroy();
  }
}

const ca = await serversAuthority();
const whereOffered = ca === undefined ? it.skip : it;
const whereNotOffered = ca === undefined ? it : it.skip;

/** The cipher of a session; empty for one in the clear. */
async function cipherOf(tls?: DatabaseTls): Promise<unknown> {
  const pool = openPool({
    ...address,
    database: 'mysql',
    poolSize: 1,
    statementLimitMs: 1_000,
    ...(tls === undefined ? {} : { tls }),
  });
  try {
    const [rows] = await pool.query<RowDataPacket[]>("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    // A broken connection is replaced by another that is encrypted as well.
    await expect(pool.query('SELECT SLEEP(30)')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await pool.query('SELECT 1');
    return rows[0]?.Value;
  } finally {
    await pool.end();
  }
}

describe('A pool with TLS', () => {
  whereOffered('is encrypted when the authority is known, whatever name is certified', async () => {
    expect(await cipherOf({ ca: String(ca), verifyIdentity: false })).toMatch(/\w/);
    expect(await cipherOf()).toBe('');
  });

  whereOffered('is refused when the authority is not among those that are trusted', async () => {
    await expect(cipherOf({ verifyIdentity: false })).rejects.toMatchObject({
      code: 'HANDSHAKE_SSL_ERROR',
    });
  });

  whereOffered('is refused when the name must match and does not', async () => {
    await expect(cipherOf({ ca: String(ca), verifyIdentity: true })).rejects.toMatchObject({
      code: 'HANDSHAKE_SSL_ERROR',
    });
  });

  whereNotOffered('does not go in the clear on a server without it', async () => {
    await expect(cipherOf({ verifyIdentity: false })).rejects.toMatchObject({
      code: 'HANDSHAKE_NO_SSL_SUPPORT',
    });
  });
});
