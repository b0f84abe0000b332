// How a connection to MySQL is encrypted, and what of the server's certificate is verified.
import { readFileSync } from 'node:fs';

/**
 * off: in the clear. verify-ca: encrypted, and the certificate comes from a known authority, whatever name it bears
 * (those that MySQL makes by itself bear no host's name). verify-identity: the name is also the server's.
 */
export type TlsMode = 'off' | 'verify-ca' | 'verify-identity';

/** The settings of it; `databaseSettings` of config.ts gives them. */
export interface DatabaseTlsConfig {
  readonly MYSQL_TLS: TlsMode;
  readonly MYSQL_TLS_CA_FILE?: string | undefined;
}

/** What mysql2 and TypeORM take as `ssl`. */
export interface DatabaseTls {
  /** Authorities, PEM. Without it those that Node trusts: its own list and NODE_EXTRA_CA_CERTS. */
  readonly ca?: string;
  /** Whether the certificate must bear the host's name. */
  readonly verifyIdentity: boolean;
}

/** The `tls` of a pool, and of `prepareSchema`; empty for 'off'. Throws if the file of authorities cannot be read. */
export function databaseTls(config: DatabaseTlsConfig): { readonly tls?: DatabaseTls } {
  const { MYSQL_TLS: mode, MYSQL_TLS_CA_FILE: caFile } = config;
  if (mode === 'off') return {};
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') };
  return { tls: { ...ca, verifyIdentity: mode === 'verify-identity' } };
}
