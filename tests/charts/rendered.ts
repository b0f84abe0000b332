// What Helm renders, parsed: the objects of a chart, and the pods that they make.
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { Service } from '../../local/charts/catalogue.ts';
import { renderChart, templateArgs } from '../../local/charts/manifests.ts';
import { runTool, type ToolRun } from '../../local/charts/tools.ts';
import { missing } from './missing.ts';

const labels = z.record(z.string(), z.string());
export type Labels = z.output<typeof labels>;

const kubeObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    labels: labels.optional(),
    annotations: labels.optional(),
  }),
  spec: z.record(z.string(), z.unknown()).optional(),
});
export type KubeObject = z.output<typeof kubeObject>;

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  imagePullPolicy: z.string(),
  command: z.array(z.string()).optional(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  ports: z.array(z.looseObject({ name: z.string(), containerPort: z.number() })).default([]),
  securityContext: z.record(z.string(), z.unknown()),
  lifecycle: z.unknown().optional(),
});

const podSpec = z.looseObject({
  containers: z.array(container),
  securityContext: z.record(z.string(), z.unknown()),
  automountServiceAccountToken: z.boolean().optional(),
  enableServiceLinks: z.boolean().optional(),
  terminationGracePeriodSeconds: z.number().optional(),
  volumes: z.array(z.unknown()).default([]),
});
const podTemplate = z.object({ metadata: z.looseObject({ labels }), spec: podSpec });

/** A pod as it would be made, named for the object that makes it. */
export interface Pod {
  readonly owner: string;
  readonly labels: Labels;
  readonly spec: z.output<typeof podSpec>;
}

/** `describe` where the tools are there; otherwise the tests are shown as skipped, and say for want of what. */
export function describeWith(tools: readonly string[], name: string, suite: () => void): void {
  const reasons = missing(tools);
  if (reasons.length === 0) describe(name, suite);
  else describe.skip(`${name} (not run: ${reasons.join('; ')})`, suite);
}

/** How Helm takes these values; for those that it is to turn down. */
export function tryRender(chart: string, values: object): ToolRun {
  return runTool('helm', templateArgs(chart), JSON.stringify(values));
}

/** The objects of a chart under these values. */
export function render(chart: string, values: object = {}): KubeObject[] {
  return parseAllDocuments(renderChart(chart, values))
    .map((document) => document.toJS() as unknown)
    .filter((object) => object !== null)
    .map((object) => kubeObject.parse(object));
}

/** The pods that these objects make. */
export function podsOf(objects: readonly KubeObject[]): Pod[] {
  return objects.flatMap((object): Pod[] => {
    const { kind, metadata, spec } = object;
    const owner = `${kind} ${metadata.name}`;
    if (kind === 'Pod')
      return [{ owner, labels: metadata.labels ?? {}, spec: podSpec.parse(spec) }];
    if (kind !== 'Deployment' && kind !== 'Job') return [];
    const template = podTemplate.parse(spec?.template);
    return [{ owner, labels: template.metadata.labels, spec: template.spec }];
  });
}

/** The objects of one kind. */
export function ofKind(objects: readonly KubeObject[], kind: string): KubeObject[] {
  return objects.filter((object) => object.kind === kind);
}

/** True if a selector's `matchLabels` choose something with these labels. */
export function selects(matchLabels: Labels, candidate: Labels): boolean {
  return Object.entries(matchLabels).every(([name, value]) => candidate[name] === value);
}

/** The pod of a service's chart that an object of this kind makes. */
export function podOf(service: Service, values: object, kind = 'Deployment'): Pod {
  const pod = podsOf(render(service, values)).find(({ owner }) => owner.startsWith(kind));
  if (pod === undefined) throw new Error(`${service} has no ${kind}`);
  return pod;
}

/** The settings of a pod's containers, by name. */
export function settingsOf(pod: Pod): Map<string, string> {
  const env = pod.spec.containers.flatMap((container) => container.env);
  return new Map(env.map(({ name, value }) => [name, value]));
}
