// What is written in several files because each is read by another program, and must be the same in all of them.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { commonProperties } from '../../local/embedded/kafka.ts';
import { CHECKOUT } from '../../local/places.ts';

const read = (file: string) => readFileSync(path.join(CHECKOUT, file), 'utf8');
const packageJson = z
  .object({ version: z.string(), devDependencies: z.object({ node: z.string() }) })
  .parse(JSON.parse(read('package.json')));

describe('the settings of the one broker', () => {
  const compose = parseProperties(read('deploy/compose/kafka/server.properties'));
  const trial = parseProperties(trialProperties());
  const launched = commonProperties(1);

  /** For a broker that shares a small machine with everything else. */
  const LAUNCHER_ALONE = [
    'log.cleaner.dedupe.buffer.size',
    'num.network.threads',
    'num.io.threads',
  ];
  /** Each has doors of its own, and so names of its own for them. */
  const DOORS = [
    'inter.broker.listener.name',
    'listener.security.protocol.map',
    'listeners',
    'advertised.listeners',
  ];

  it('are in docker-compose what the launcher gives its own', () => {
    const own = ['node.id', 'controller.quorum.voters', 'log.dirs', ...DOORS];
    expect(without(compose, own)).toEqual(without(launched, LAUNCHER_ALONE));
  });

  it('are in the trial on Kubernetes what they are in docker-compose', () => {
    expect(without(trial, DOORS)).toEqual(without(compose, DOORS));
  });
});

describe('the version', () => {
  it.each([
    // Kafka's own jars, for `npm start` without Docker.
    ['of Kafka', 'local/embedded/pom.xml', /<kafka\.version>(.*)<\/kafka\.version>/],
    ['of Kafka', 'docker-compose.yml', /image: apache\/kafka:(\S+)/],
    ['of Kafka', 'local/infra/containerNodes.ts', /apache\/kafka:([\d.]+)/],
    ['of Kafka', 'docs/guides/kubernetes.md', /apache\/kafka:([\d.]+)/],
  ])('%s in %s is that of deploy/trial', (_, file, pattern) => {
    expect(all(file, pattern)).toEqual(
      all('deploy/trial/kafka.yaml', /image: apache\/kafka:(\S+)/),
    );
  });

  it.each([
    ['docker-compose.yml', /image: mysql:(\S+)/],
    ['local/infra/testcontainers.ts', /'mysql:([\d.]+)'/],
    ['docs/guides/kubernetes.md', /`mysql:([\d.]+)`/],
  ])('of MySQL in %s is that of deploy/trial', (file, pattern) => {
    expect(all(file, pattern)).toEqual(all('deploy/trial/mysql.yaml', /image: mysql:(\S+)/));
  });

  it.each(['deploy/Dockerfile', '.devcontainer/Dockerfile', 'docs/guides/images.md'])(
    'of Node in %s is that of package.json',
    (file) => {
      expect(all(file, /node:(\d[\d.]*)-/)).toEqual([packageJson.devDependencies.node]);
    },
  );

  const charts = readdirSync(path.join(CHECKOUT, 'deploy/helm'), { recursive: true })
    .map(String)
    .filter((file) => /^[^/]+\/Chart\.yaml$/.test(file));

  it.each(charts)("of deploy/helm/%s, and of what it depends on, is package.json's", (file) => {
    const chart = z
      .object({
        version: z.string(),
        appVersion: z.string().optional(),
        dependencies: z.array(z.object({ version: z.string() })).default([]),
      })
      .parse(parse(read(`deploy/helm/${file}`)));
    const versions = [chart.version, ...chart.dependencies.map(({ version }) => version)];
    if (chart.appVersion !== undefined) versions.push(chart.appVersion);
    expect(new Set(versions)).toEqual(new Set([packageJson.version]));
  });

  it('is compared in all of the six charts', () => {
    expect(charts).toHaveLength(6);
  });
});

/** What the first group of a pattern finds in a file, each once. */
function all(file: string, pattern: RegExp): string[] {
  const found = [...read(file).matchAll(new RegExp(pattern, 'g'))].map(([, group]) => group ?? '');
  if (found.length === 0) throw new Error(`nothing in ${file} is like ${String(pattern)}`);
  return [...new Set(found)];
}

function parseProperties(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

function trialProperties(): string {
  const configMap = z.object({ data: z.object({ 'orderflow.properties': z.string() }) });
  const [first] = parseAllDocuments(read('deploy/trial/kafka.yaml'));
  return configMap.parse(first?.toJS()).data['orderflow.properties'];
}

function without(properties: Readonly<Record<string, string>>, names: readonly string[]) {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)));
}
