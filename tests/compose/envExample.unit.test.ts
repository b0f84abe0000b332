// .env.example is complete: what docker-compose.yml and the services read stands in it, explained, and nothing else.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const CHECKOUT = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(CHECKOUT, file), 'utf8');
const matches = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, name = '']) => name);
const unique = (names: readonly string[]) => [...new Set(names)].sort();

const example = read('.env.example');
const [ofCompose = '', elsewhere = ''] = example.split('---- set by docker-compose.yml');
const settingsIn = (text: string) => matches(text, /^#?([A-Z][A-Z0-9_]*)=/gm);
const composeFile = read('docker-compose.yml');
const inCompose = unique(matches(composeFile, /\$\{([A-Z][A-Z0-9_]*)/g));
/** The keys of the schemas, each on a line of its own, or behind `{`. */
const inServices = unique(
  globSync(['services/*/src/config.ts', 'packages/shared/src/runtime/*.ts'], { cwd: CHECKOUT })
    .map((file) => read(file))
    .flatMap((text) => matches(text, /^ +([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*): *[a-z.]/gm)),
);

describe('.env.example', () => {
  it('names what docker-compose.yml takes from the environment', () => {
    expect(unique(settingsIn(ofCompose))).toEqual(inCompose);
  });

  it('names the other settings of the services, and nothing else', () => {
    const others = inServices.filter((name) => !inCompose.includes(name));
    expect(others.length).toBeGreaterThan(20);
    expect(unique(settingsIn(elsewhere))).toEqual(others);
  });

  it('names nothing twice', () => {
    const names = settingsIn(example);
    expect(names).toEqual([...new Set(names)]);
  });

  it('explains each setting in the lines before it', () => {
    const lines = example.split('\n');
    const unexplained = lines.filter(
      (line, index) => settingsIn(line).length > 0 && !/^# \S/.test(lines[index - 1] ?? ''),
    );
    expect(unexplained).toEqual([]);
  });

  it('changes nothing until a setting is uncommented', () => {
    expect(example.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  it('runs the version of package.json', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const versions = matches(composeFile, /\$\{ORDERFLOW_VERSION:-([^}]*)\}/g);
    expect(unique(versions)).toEqual([version]);
    expect(example).toContain(`#ORDERFLOW_VERSION=${version}\n`);
  });

  it('holds no password', () => {
    const given = matches(composeFile, /^ +([A-Z_]*(?:PASSWORD|SECRET))(?=: *\S)/gm);
    expect(given).toEqual([]);
  });

  it('publishes the gateway alone, and on loopback', () => {
    expect(matches(composeFile, /^ +(ports:)/gm)).toHaveLength(1);
    expect(composeFile).toContain("- '127.0.0.1:${ORDERFLOW_PORT:-3008}:3008'");
  });
});
