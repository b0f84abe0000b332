// The charts as a whole: lint, the API's schemas, a policy linter, and what is made from them.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { CHARTS, chartDir, MANIFESTS_DIR, SERVICES } from '../../local/charts/catalogue.ts';
import { renderChart, renderManifests } from '../../local/charts/manifests.ts';
import { outputOf, runTool } from '../../local/charts/tools.ts';
import { valuesSchemaText } from '../../local/charts/valuesSchema.ts';
import { readSettings } from '../../local/settings.ts';
import { describeWith } from './rendered.ts';
import { EVERYTHING_ON } from './valueSets.ts';

/** Kinds of operators that Kubernetes itself has no schema for. */
const FOREIGN_KINDS = [
  'HTTPRoute',
  'PrometheusRule',
  'ScaledObject',
  'ServiceMonitor',
  'TriggerAuthentication',
];

/** Advice of kube-score that the charts do not follow, and why. */
const NOT_FOLLOWED = {
  // A version's image is never built twice, so a node that has it needs no registry to start a pod.
  'container-image-pull-policy': 'IfNotPresent is meant',
  // The image's user is 1000. That it is no host's user is Pod Security's and the user namespace's work.
  'container-security-context-user-group-id': 'the user of the image is 1000',
  // Pods are spread by topologySpreadConstraints, which also count while a rolling update is under way.
  'deployment-has-host-podantiaffinity': 'topologySpreadConstraints do it',
};

/** It knows no other autoscaler than Kubernetes' own, and takes what KEDA scales for a single pod. */
const MISUNDERSTOOD =
  /^\[WARNING\] (inventory|orders)\/\S+ apps\/v1\/Deployment: Deployment few replicas$/;

const NOTHING = {};
const variants: readonly (readonly [string, string, object])[] = [
  ...SERVICES.map((service) => [service, 'by default', NOTHING] as const),
  ...SERVICES.map((service) => [service, 'with everything on', EVERYTHING_ON[service]] as const),
  ['orderflow', 'by default', NOTHING],
  ['orderflow', 'with everything on', EVERYTHING_ON],
];

describe('what is made from code or from the charts', () => {
  it.each(CHARTS)('%s: values.schema.json is as `npm run charts:schemas` writes it', (chart) => {
    const file = path.join(chartDir(chart), 'values.schema.json');
    expect(readFileSync(file, 'utf8')).toBe(valuesSchemaText(chart));
  });
});

describeWith([], 'the charts', () => {
  it.each(CHARTS)('%s passes helm lint --strict', (chart) => {
    expect(outputOf('helm', ['lint', '--strict', chartDir(chart)])).toContain('0 chart(s) failed');
  });

  it.each(['managed', 'strimzi/values', 'mysql-operator/values'])(
    'take examples/%s.yaml',
    (name) => {
      const file = path.join(chartDir('examples'), `${name}.yaml`);
      const values: unknown = parse(readFileSync(file, 'utf8'));
      expect(renderChart('orderflow', z.looseObject({}).parse(values))).toContain(
        'kind: Deployment',
      );
    },
  );

  it('are what deploy/kubernetes was rendered from: else run `npm run manifests`', () => {
    const rendered = renderManifests();
    expect(readdirSync(MANIFESTS_DIR).sort()).toEqual([...rendered.keys()].sort());
    for (const [name, text] of rendered) {
      expect(readFileSync(path.join(MANIFESTS_DIR, name), 'utf8')).toBe(text);
    }
  });
});

describeWith(['kubeconform'], "the API's schemas", () => {
  it.each(variants)('%s fits them %s', (chart, _variant, values) => {
    const { kubernetesSchemas } = readSettings();
    const location = kubernetesSchemas === undefined ? [] : ['-schema-location', kubernetesSchemas];
    const args = ['-strict', '-summary', '-skip', FOREIGN_KINDS.join(','), ...location];
    const run = runTool('kubeconform', args, renderChart(chart, values));
    expect(run.output + run.complaints).toMatch(/Invalid: 0, Errors: 0/);
    expect(run.exitCode).toBe(0);
  });
});

describeWith(['kube-score'], 'the policy linter', () => {
  it.each(variants)('has nothing to say about %s %s', (chart, _variant, values) => {
    const ignored = Object.keys(NOT_FOLLOWED).flatMap((test) => ['--ignore-test', test]);
    const args = [
      'score',
      '--output-format',
      'ci',
      '--ignore-container-cpu-limit',
      ...ignored,
      '-',
    ];
    const lines = runTool('kube-score', args, renderChart(chart, values)).output.split('\n');
    const complaints = lines.filter((line) => /^\[(CRITICAL|WARNING)\]/.test(line));
    const scaledByKeda = values !== NOTHING;
    expect(complaints.filter((line) => !(scaledByKeda && MISUNDERSTOOD.test(line)))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('[OK]')).length).toBeGreaterThan(10);
  });
});
