// The pods that the charts make: their images, life and rights; and the services in front of them.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { defaultGroup } from '@orderflow/shared/runtime/kafkaSettings.ts';
import { CHECKOUT } from '../../local/places.ts';
import { SERVICES } from '../../local/charts/catalogue.ts';
import { describeWith, ofKind, podOf, podsOf, render, selects, settingsOf } from './rendered.ts';
import { EVERYTHING_ON, STORES, VARIANTS } from './valueSets.ts';

const version = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(`${CHECKOUT}/package.json`, 'utf8'))).version;

describeWith([], 'the pods of the charts', () => {
  it.each(VARIANTS)(
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

  it.each(STORES)(
    '%s is migrated by a hook before it is installed, upgraded and rolled back',
    (service) => {
      const hooks = render(service).map(({ kind, metadata }) => [
        kind,
        metadata.annotations?.['helm.sh/hook'],
      ]);
      const before = 'pre-install,pre-upgrade,pre-rollback';
      // Its network policy is there before it.
      expect(hooks.filter(([, hook]) => hook !== undefined)).toEqual([
        ['NetworkPolicy', before],
        ['Job', before],
      ]);
      const [container] = podOf(service, {}, 'Job').spec.containers;
      expect(container?.command).toEqual(['node', 'packages/cli/src/main.ts', 'migrate', service]);
    },
  );

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
    const values = { ...EVERYTHING_ON.orders, settings: { TOPIC_PREFIX: 'shop.' } };
    const [scaled] = ofKind(render('orders', values), 'ScaledObject');
    const { triggers, maxReplicaCount } = z
      .looseObject({
        maxReplicaCount: z.number(),
        triggers: z.array(z.looseObject({ metadata: z.record(z.string(), z.string()) })),
      })
      .parse(scaled?.spec);
    expect(maxReplicaCount).toBe(12);
    expect(triggers.map(({ metadata }) => metadata)).toMatchObject([
      {
        topic: 'shop.users.v1',
        consumerGroup: defaultGroup('orders', 'shop.'),
        sasl: 'scram_sha512',
      },
      { topic: 'shop.inventory.v1', consumerGroup: defaultGroup('orders', 'shop.'), tls: 'enable' },
    ]);
  });
});
