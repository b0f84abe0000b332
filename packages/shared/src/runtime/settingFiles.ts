// Settings that are files: secrets, as orchestrators mount them, and certificates.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { z } from 'zod';

/** A secret longer than this is another file, given by mistake. */
const SECRET_LIMIT_BYTES = 8_192;

/**
 * The secret that a file holds, without one newline at its end (editors and `echo` leave one). Throws an Error whose
 * message completes 'expected …'; it never has any of the file's content.
 */
export function readSecretFile(file: string): string {
  const bytes = readStart(file);
  if (bytes.length > SECRET_LIMIT_BYTES)
    throw new Error(`a file of at most ${SECRET_LIMIT_BYTES} bytes`);
  const secret = bytes.toString('utf8').replace(/\r?\n$/, '');
  // Not 'not given': a default would take the place of the secret that someone meant to give.
  if (secret === '') throw new Error('a file that is not empty');
  return secret;
}

function readStart(file: string): Buffer {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const buffer = Buffer.alloc(SECRET_LIMIT_BYTES + 1);
      return buffer.subarray(0, readSync(descriptor, buffer));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const system = z.object({ code: z.string() }).safeParse(error);
    const code = system.success ? ` (${system.data.code})` : '';
    throw new Error(`the path of a readable file${code}`, { cause: error });
  }
}

/** The path of a PEM file with the certificates of authorities; looked into at once, read again when it is used. */
export function certificateFileSetting() {
  const expected = 'the path of a readable PEM file with certificates';
  return z.string(expected).refine(holdsCertificate, expected);
}

function holdsCertificate(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').includes('-----BEGIN CERTIFICATE-----');
  } catch {
    return false;
  }
}
