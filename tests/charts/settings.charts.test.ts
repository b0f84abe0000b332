// The settings and secrets of the pods, compared with what the services read.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { CHECKOUT } from '../../local/places.ts';
import type { Service } from '../../local/charts/catalogue.ts';
import { describeWith, podOf, podsOf, render, settingsOf, type Pod } from './rendered.ts';
import { EVERYTHING_ON, securedServers, STORES, VARIANTS } from './valueSets.ts';

/** Settings that are passwords or keys: given as `<NAME>_FILE` alone. */
const SECRETS = [
  'MYSQL_PASSWORD',
  'MYSQL_ADMIN_PASSWORD',
  'KAFKA_SASL_PASSWORD',
  'IDEMPOTENCY_SECRET',
];

/** The names of the settings that a service's own configuration reads, those that it takes from shared among them. */
function knownSettings(service: Service): Set<string> {
  const runtime = path.join(CHECKOUT, 'packages', 'shared', 'src', 'runtime');
  const shared = readdirSync(runtime).map((name) => path.join(runtime, name));
  const files = [path.join(CHECKOUT, 'services', service, 'src', 'config.ts'), ...shared];
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  // As keys of schemas: `NAME: z…` or `NAME: portSetting()…`, not as types of interfaces.
  const keys = text.matchAll(/^\s+([A-Z][A-Z_]+):\s*(?:z\b|\w+\()/gm);
  return new Set([...keys].map(([, name]) => name ?? ''));
}

const READERS: Readonly<Record<Service, string>> = {
  users: 'readUsersConfig',
  inventory: 'readInventoryConfig',
  orders: 'readOrdersConfig',
  gateway: 'readGatewayConfig',
};

/** What the service itself says of its pod's settings, with files of the test in place of the mounted ones. */
function faultsOf(service: Service, pod: Pod): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'orderflow-charts-'));
  const env: Record<string, string> = {};
  for (const [name, value] of settingsOf(pod)) {
    if (!name.endsWith('_FILE')) env[name] = value;
    else {
      const file = path.join(dir, path.basename(value));
      writeFileSync(file, '-----BEGIN CERTIFICATE-----\n');
      env[name] = file;
    }
  }
  const config = path.join(CHECKOUT, 'services', service, 'src', 'config.ts');
  const script = `(await import(${JSON.stringify(config)})).${READERS[service]}()`;
  const args = ['--input-type=module', '--eval', script];
  const run = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  rmSync(dir, { recursive: true });
  return run.status === 0 ? '' : run.stderr;
}

const volumes = z.array(
  z.object({
    projected: z.object({
      sources: z.array(
        z.partialRecord(
          z.enum(['secret', 'configMap']),
          z.object({
            name: z.string(),
            items: z.array(z.object({ key: z.string(), path: z.string() })),
          }),
        ),
      ),
    }),
  }),
);

/** The files under /etc/orderflow, each with the object that it comes from. */
function mountedFiles(pod: Pod): Record<string, string> {
  const files: Record<string, string> = {};
  for (const { projected } of volumes.parse(pod.spec.volumes)) {
    for (const source of projected.sources) {
      for (const [kind, { name, items }] of Object.entries(source)) {
        for (const { key, path: file } of items)
          files[`/etc/orderflow/${file}`] = `${kind} ${name}/${key}`;
      }
    }
  }
  return files;
}

describeWith([], 'the settings in the pods', () => {
  it.each(VARIANTS)('%s %s gives only settings that the service knows', (service, _, values) => {
    const known = knownSettings(service);
    for (const pod of podsOf(render(service, values))) {
      const names = [...settingsOf(pod).keys()].map((name) =>
        SECRETS.includes(name.replace(/_FILE$/, '')) ? name.replace(/_FILE$/, '') : name,
      );
      expect(names.filter((name) => !known.has(name))).toEqual([]);
    }
  });

  it.each(VARIANTS)(
    '%s %s gives no secret in a variable, and each file is there',
    (service, _, values) => {
      for (const pod of podsOf(render(service, values))) {
        if (pod.owner.startsWith('Pod')) continue;
        const settings = settingsOf(pod);
        expect(SECRETS.filter((name) => settings.has(name))).toEqual([]);
        const named = [...settings]
          .filter(([name]) => name.endsWith('_FILE'))
          .map(([, file]) => file);
        expect(Object.keys(mountedFiles(pod)).sort()).toEqual(named.sort());
      }
    },
  );

  it.each(VARIANTS)('%s %s gives settings that the service takes', (service, _, values) => {
    expect(faultsOf(service, podOf(service, values))).toBe('');
  });

  it.each(STORES)('%s never sees the password of the migration', (service) => {
    const runtime = podOf(service, securedServers);
    expect(JSON.stringify(runtime.spec)).not.toMatch(/ADMIN|admin|migration/);
    expect(mountedFiles(podOf(service, securedServers, 'Job'))).toEqual({
      '/etc/orderflow/mysql-password': `secret ${service}-mysql/password`,
      '/etc/orderflow/mysql-admin-password': `secret ${service}-mysql-migration/password`,
      '/etc/orderflow/mysql-ca.crt': 'secret mysql-ca/ca.crt',
    });
  });

  it('of the gateway have no secret, no MySQL and no Kafka', () => {
    const { spec } = podOf('gateway', EVERYTHING_ON.gateway);
    expect(spec.volumes).toEqual([]);
    expect(JSON.stringify(spec)).not.toMatch(/MYSQL|KAFKA|SECRET/);
  });

  it('give large numbers as digits', () => {
    const { spec } = podOf('orders', { settings: { ORDER_WAIT_MS: 3_600_000 } });
    expect(spec.containers[0]?.env).toContainEqual({ name: 'ORDER_WAIT_MS', value: '3600000' });
  });
});
