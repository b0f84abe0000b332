// The manifests of deploy/kubernetes: what the charts install by default, without anything that only Helm understands.
import { isMap, parseAllDocuments, type Document, type YAMLMap } from 'yaml';
import { CHARTS, chartDir, NAMESPACE, SERVICES } from './catalogue.ts';
import { outputOf } from './tools.ts';

/** Makes the packages of the charts that each chart depends on, in its directory `charts/`. */
export function buildDependencies(): void {
  for (const chart of CHARTS) {
    outputOf('helm', ['dependency', 'update', '--skip-refresh', chartDir(chart)]);
  }
}

/** What Helm would install: the YAML of a chart under these values. */
export function renderChart(chart: string, values: object = {}): string {
  return outputOf('helm', templateArgs(chart), JSON.stringify(values));
}

/** Helm's arguments to render a chart, with its values from standard input. */
export function templateArgs(chart: string): string[] {
  return ['template', chart, chartDir(chart), '--namespace', NAMESPACE, '--values', '-'];
}

/** The manifests' file names and texts. */
export function renderManifests(): ReadonlyMap<string, string> {
  const files = new Map([['namespace.yaml', namespaceText()]]);
  for (const service of SERVICES) {
    const objects = parseAllDocuments(renderChart(service)).filter(isObject);
    const migrates = (object: Document) => component(object) === 'migration';
    const tests = (object: Document) => component(object) === 'test';
    const runs = objects.filter((object) => !migrates(object) && !tests(object));
    files.set(`${service}.yaml`, manifestText(service, runs));
    const migration = objects.filter(migrates);
    if (migration.length > 0)
      files.set(`${service}-migrate.yaml`, manifestText(service, migration));
  }
  return files;
}

function isObject(document: unknown): document is Document {
  return isMap((document as Document).contents);
}

function component(object: Document): unknown {
  return object.getIn(['metadata', 'labels', 'app.kubernetes.io/component']);
}

function manifestText(service: string, objects: readonly Document[]): string {
  const header = `# Rendered from deploy/helm/${service} by \`npm run manifests\`: change the chart, not this file.\n`;
  return (
    header +
    objects
      .map((object) => `---\n${withoutHelm(object).toString({ directives: false, lineWidth: 0 })}`)
      .join('')
  );
}

/** Takes off the labels and annotations that speak of Helm. */
function withoutHelm(object: Document): Document {
  object.commentBefore = null;
  const root = object.contents as YAMLMap;
  root.commentBefore = null;
  object.deleteIn(['metadata', 'labels', 'helm.sh/chart']);
  object.deleteIn(['metadata', 'labels', 'app.kubernetes.io/managed-by']);
  for (const name of ['helm.sh/hook', 'helm.sh/hook-weight', 'helm.sh/hook-delete-policy']) {
    if (object.hasIn(['metadata', 'annotations']))
      object.deleteIn(['metadata', 'annotations', name]);
  }
  const annotations = object.getIn(['metadata', 'annotations']);
  if (isMap(annotations) && annotations.items.length === 0)
    object.deleteIn(['metadata', 'annotations']);
  return object;
}

function namespaceText(): string {
  return `# Written by \`npm run manifests\`. Pods that ask for more than Pod Security's 'restricted' are refused here.
apiVersion: v1
kind: Namespace
metadata:
  name: ${NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/warn: restricted
`;
}
