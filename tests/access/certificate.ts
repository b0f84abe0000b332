// Certificates of a test's own, made by openssl.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** A private key (PKCS 8) and its certificate, which is its own authority; both PEM. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
  /** Where the certificate lies. */
  readonly file: string;
}

/** Makes a certificate for 127.0.0.1, and for no name, in `folder`. Throws when there is no openssl. */
export async function makeCertificate(folder: string, name: string): Promise<Certificate> {
  const [keyFile, file] = [path.join(folder, `${name}.key`), path.join(folder, `${name}.pem`)];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', file],
  ]);
  return {
    key: await readFile(keyFile, 'utf8'),
    certificate: await readFile(file, 'utf8'),
    file,
  };
}
