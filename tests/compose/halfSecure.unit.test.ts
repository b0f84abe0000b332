// The two settings of secure.env go together: with one of them alone makeSecrets.sh ends, and docker compose starts nothing.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const SCRIPT = path.resolve(import.meta.dirname, '../../deploy/compose/makeSecrets.sh');

/** Runs the script where it finds no program, so that it can do nothing but look at the settings. */
function settingsAreRefused(secure: string, profiles: string): boolean {
  const env = { PATH: '/nonexistent', ORDERFLOW_SECURE: secure, COMPOSE_PROFILES: profiles };
  const { stderr } = spawnSync('/bin/bash', [SCRIPT], { env, encoding: 'utf8' });
  return stderr.includes('set neither, or both by --env-file deploy/compose/secure.env');
}

describe('the settings of secure.env', () => {
  it.each([
    ['', ''],
    ['', 'other'],
    ['on', 'secure'],
    ['on', 'other,secure'],
  ])('ORDERFLOW_SECURE=%j with COMPOSE_PROFILES=%j are taken', (secure, profiles) => {
    expect(settingsAreRefused(secure, profiles)).toBe(false);
  });

  it.each([
    ['off', ''],
    ['on', ''],
    ['', 'secure'],
    ['off', 'secure'],
    ['on', 'insecure'],
  ])('ORDERFLOW_SECURE=%j with COMPOSE_PROFILES=%j are refused', (secure, profiles) => {
    expect(settingsAreRefused(secure, profiles)).toBe(true);
  });
});
