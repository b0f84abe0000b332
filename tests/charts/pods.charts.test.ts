// The pods that the charts make: their images, settings, secrets, life and rights.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { CHECKOUT } from '../../local/places.ts';
import { SERVICES, type Service } from '../../local/charts/catalogue.ts';
import { describeWith, ofKind, podsOf, render, selects, type Pod } from './rendered.ts';
import { EVERYTHING_ON, securedServers } from './valueSets.ts';

const STORES = ['users', 'inventory', 'orders'] as const;
/** Settings that are passwords or keys: given as `<NAME>_FILE` alone. */
const SECRETS = [
  'MYSQL_PASSWORD',
  'MYSQL_ADMIN_PASSWORD',
  'KAFKA_SASL_PASSWORD',
  'IDEMPOTENCY_SECRET',
];

const version = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(`${CHECKOUT}/package.json`, 'utf8'))).version;

function podOf(service: Service, values: object, kind = 'Deployment'): Pod {
  const pod = podsOf(render(service, values)).find(({ owner }) => owner.startsWith(kind));
  if (pod === undefined) throw new Error(`${service} has no ${kind}`);
  return pod;
}

function settingsOf(pod: Pod): Map<string, string> {
  const env = pod.spec.containers.flatMap((container) => container.env);
  return new Map(env.map(({ name, value }) => [name, value]));
}

/** The names of the settings that a service's own configuration reads. */
function knownSettings(service: Service): Set<string> {
  const files = [`services/${service}/src/config.ts`, 'packages/shared/src/runtime/config.ts'];
  const text = files.map((file) => readFileSync(`${CHECKOUT}/${file}`, 'utf8')).join('\n');
  return new Set([...text.matchAll(/^\s+([A-Z][A-Z_]+):/gm)].map(([, name]) => name ?? ''));
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
        for (const { key, path } of items)
          files[`/etc/orderflow/${path}`] = `${kind} ${name}/${key}`;
      }
    }
  }
  return files;
}

describeWith([], 'the pods of the charts', () => {
  const variants = SERVICES.flatMap((service): [Service, string, object][] => [
    [service, 'by default', {}],
    [service, 'with everything on', EVERYTHING_ON[service]],
  ]);

  it.each(variants)(
    "%s %s keeps Pod Security's rules for 'restricted', and more",
    (service, _, values) => {
      for (const { spec } of podsOf(render(service, values))) {
        expect(spec.automountServiceAccountToken).toBe(false);
        expect(spec.enableServiceLinks).toBe(false);
        expect(spec.securityContext).toMatchObject({
          runAsNonRoot: true,
          runAsUser: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        for (const container of spec.containers) {
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
            capabilities: { drop: ['ALL'] },
          });
        }
        expect(Object.keys(spec).filter((key) => /^(host|initContainers)/.test(key))).toEqual([]);
      }
    },
  );

  it.each(SERVICES)('%s runs the image of this version, in every pod', (service) => {
    const images = podsOf(render(service)).flatMap(({ spec }) => spec.containers);
    expect(new Set(images.map(({ image }) => image))).toEqual(
      new Set([`orderflow/${service}:${version}`]),
    );
  });

  it('take another registry, tag or digest', () => {
    const image = { registry: 'registry.example.com:5000', tag: '9.9.9' };
    const digest = `sha256:${'a'.repeat(64)}`;
    const imageWith = (values: object) => podOf('users', values).spec.containers[0]?.image;
    expect(imageWith({ image })).toBe('registry.example.com:5000/orderflow/users:9.9.9');
    expect(imageWith({ image: { digest } })).toBe(`orderflow/users@${digest}`);
    expect(imageWith({ global: { image } })).toBe(
      'registry.example.com:5000/orderflow/users:9.9.9',
    );
  });

  it.each(variants)('%s %s gives only settings that the service knows', (service, _, values) => {
    const known = knownSettings(service);
    for (const pod of podsOf(render(service, values))) {
      const names = [...settingsOf(pod).keys()].map((name) =>
        SECRETS.includes(name.replace(/_FILE$/, '')) ? name.replace(/_FILE$/, '') : name,
      );
      expect(names.filter((name) => !known.has(name))).toEqual([]);
    }
  });

  it.each(variants)(
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

  it.each(STORES)('%s is migrated by a hook before it is installed and upgraded', (service) => {
    const [job] = ofKind(render(service), 'Job');
    expect(job?.metadata.annotations?.['helm.sh/hook']).toBe('pre-install,pre-upgrade');
    const [container] = podOf(service, {}, 'Job').spec.containers;
    expect(container?.command).toEqual(['node', 'packages/cli/src/main.ts', 'migrate', service]);
  });

  it.each([
    [10, 25_000, 40],
    [3, 1_001, 10],
    [30, '60000', 95],
  ])('that sleep %s s and drain %s ms get %s s before SIGKILL', (sleep, drain, grace) => {
    const values = { preStopSleepSeconds: sleep, settings: { DRAIN_TIMEOUT_MS: drain } };
    const { spec } = podOf('orders', values);
    expect(spec.terminationGracePeriodSeconds).toBe(grace);
    expect(spec.containers[0]?.lifecycle).toEqual({ preStop: { sleep: { seconds: sleep } } });
  });

  it('give large numbers as digits', () => {
    const { spec } = podOf('orders', { settings: { ORDER_WAIT_MS: 3_600_000 } });
    expect(spec.containers[0]?.env).toContainEqual({ name: 'ORDER_WAIT_MS', value: '3600000' });
  });
});

describeWith([], 'the services of the charts', () => {
  const objects = () => render('orderflow');

  it.each(SERVICES)(
    '%s: Service, disruption budget and Deployment choose its pods alone',
    (service) => {
      const all = objects();
      const selector = z.record(z.string(), z.string());
      const matchLabels = z.looseObject({ selector: z.object({ matchLabels: selector }) });
      const named = (kind: string) => {
        const found = ofKind(all, kind).find(({ metadata }) => metadata.name === service);
        if (found?.spec === undefined) throw new Error(`there is no ${kind} ${service}`);
        return found.spec;
      };
      const selectors = [
        z.looseObject({ selector }).parse(named('Service')).selector,
        matchLabels.parse(named('PodDisruptionBudget')).selector.matchLabels,
        matchLabels.parse(named('Deployment')).selector.matchLabels,
      ];
      for (const chosen of selectors) {
        const owners = podsOf(all).filter(({ labels }) => selects(chosen, labels));
        expect(owners.map(({ owner }) => owner)).toEqual([`Deployment ${service}`]);
      }
    },
  );

  it('are where their callers look for them', () => {
    const all = objects();
    const ports = z.array(z.object({ port: z.number() }));
    const urls = ofKind(all, 'Service').map(({ metadata, spec }) => {
      const [first] = ports.parse(spec?.ports);
      return `http://${metadata.name}:${first?.port ?? 0}`;
    });
    const called = podsOf(all).flatMap((pod) =>
      [...settingsOf(pod)].filter(([name]) => name.endsWith('_URL')).map(([, url]) => url),
    );
    expect(called).toHaveLength(6);
    expect(called.filter((url) => !urls.includes(url))).toEqual([]);
  });

  it('read their topics over KEDA as the service itself does', () => {
    const [scaled] = ofKind(render('orders', EVERYTHING_ON.orders), 'ScaledObject');
    const { triggers, maxReplicaCount } = z
      .looseObject({
        maxReplicaCount: z.number(),
        triggers: z.array(z.looseObject({ metadata: z.record(z.string(), z.string()) })),
      })
      .parse(scaled?.spec);
    expect(maxReplicaCount).toBe(12);
    expect(triggers.map(({ metadata }) => metadata)).toMatchObject([
      { topic: 'users.v1', consumerGroup: 'orderflow-orders', sasl: 'scram_sha512' },
      { topic: 'inventory.v1', consumerGroup: 'orderflow-orders', tls: 'enable' },
    ]);
  });
});
