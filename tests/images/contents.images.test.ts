// What is in the images, and what is not.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { imagesTag } from '../stack/config.ts';
import { docker, imageOf } from '../stack/serviceContainer.ts';
import { SERVICES, type ServiceName } from '../stack/serviceProcess.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '../..');
const SIZE_LIMIT_BYTES = 110 * 1000 * 1000;

const manifestSchema = z.object({
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});
const readManifest = (...parts: string[]) =>
  manifestSchema.parse(
    JSON.parse(readFileSync(path.join(CHECKOUT, ...parts, 'package.json'), 'utf8')),
  );

const inspection = z.tuple([
  z.object({
    Config: z.object({
      User: z.string(),
      Entrypoint: z.array(z.string()).max(0).nullish(),
      Cmd: z.array(z.string()),
      StopSignal: z.string(),
      Labels: z.record(z.string(), z.string()),
    }),
  }),
]);

/** Runs a line of JavaScript in an image, with nothing that the image itself does not bring, and gives what it printed. */
const evaluate = async (image: string, script: string): Promise<unknown> =>
  JSON.parse(
    await docker(
      ...['run', '--rm', '--pull=never', '--network=none', '--cap-drop=ALL', image],
      ...['node', '-p', `JSON.stringify(${script})`],
    ),
  );

const PACKAGES = `fs.globSync(['node_modules/*', 'node_modules/@*/*', '{packages,services}/*/node_modules/*'])`;

describe.each(SERVICES)('the image of %s', (name: ServiceName) => {
  const image = imageOf(name, imagesTag() ?? 'no images: run `npm test -- images`');
  const inspect = async () => inspection.parse(JSON.parse(await docker('image', 'inspect', image)));

  it('runs as a numeric user that is not root, and stops on SIGTERM', async () => {
    const [{ Config }] = await inspect();
    expect(Config).toMatchObject({ User: '1000:1000', StopSignal: 'SIGTERM' });
    expect(await evaluate(image, '[process.getuid(), process.getgid()]')).toEqual([1000, 1000]);
  });

  it('starts Node itself, with no shell before it', async () => {
    const [{ Config }] = await inspect();
    expect(Config.Cmd).toEqual(['node', `services/${name}/src/main.ts`]);
  });

  it('gives its process no file of its own to change', async () => {
    const script = `['.', 'services', 'node_modules', 'packages/shared/src', '${'services/' + name}/src/main.ts']
      .filter((file) => { try { fs.accessSync(file, fs.constants.W_OK); return true; } catch { return false; } })`;
    expect(await evaluate(image, script)).toEqual([]);
  });

  it('is less than 110 MB larger than the image of Node that it is made from', async () => {
    const history = await docker('history', '--human=false', '--format={{json .}}', image);
    const layers = history
      .split('\n')
      .map((line) => z.object({ CreatedBy: z.string(), Size: z.string() }).parse(JSON.parse(line)));
    // The newest comes first; what the Dockerfile does to its base begins with WORKDIR.
    const first = layers.findIndex(({ CreatedBy }) => CreatedBy === 'WORKDIR /app');
    expect(first).toBeGreaterThan(0);
    const added = layers.slice(0, first + 1).reduce((sum, { Size }) => sum + Number(Size), 0);
    expect(added).toBeGreaterThan(0);
    expect(added).toBeLessThan(SIZE_LIMIT_BYTES);
  });

  it('says what it is and where it comes from', async () => {
    const [{ Config }] = await inspect();
    const label = (key: string) => Config.Labels[`org.opencontainers.image.${key}`];
    expect(label('title')).toBe(`orderflow/${name}`);
    expect(label('version')).toBe(readManifest().version);
    expect(label('licenses')).toBe('Apache-2.0');
    expect(label('revision')).toMatch(/^([0-9a-f]{40}(-dirty)?|unknown)$/);
    expect(Object.keys(Config.Labels)).toEqual(
      expect.arrayContaining([
        'org.opencontainers.image.source',
        'org.opencontainers.image.description',
      ]),
    );
  });

  it('holds the production dependencies and none that only development needs', async () => {
    const held = z.array(z.string()).parse(await evaluate(image, PACKAGES));
    const names = new Set(held.map((each) => each.replace(/^.*node_modules\//, '')));
    const wanted = [readManifest('services', name), readManifest('packages', 'shared')].flatMap(
      ({ dependencies }) => Object.keys(dependencies),
    );
    expect([...names]).toEqual(expect.arrayContaining(wanted));
    const development = Object.keys(readManifest().devDependencies).filter(
      // @types/node comes with mysql2, its files of types do not.
      (each) => !wanted.includes(each) && each !== '@types/node',
    );
    expect(development).toEqual(expect.arrayContaining(['jest', 'typescript', 'eslint']));
    expect(development.filter((each) => names.has(each))).toEqual([]);
  });

  it('holds no test and the code of no other service', async () => {
    const files = `fs.globSync(['packages/**/*.ts', 'services/**/*.ts'])`;
    const held = z.array(z.string()).parse(await evaluate(image, files));
    expect(held).toContain(`services/${name}/src/main.ts`);
    const strange = held.filter(
      (file) =>
        /\.test\.ts$|\/test\/|\/testing\//.test(file) ||
        (file.startsWith('services/') && !file.startsWith(`services/${name}/`)),
    );
    expect(strange).toEqual([]);
  });

  it('keeps the licences of what it holds', async () => {
    const files = `fs.globSync(['LICENSE', 'node_modules/{express,pino,zod}/LICENSE*'])`;
    expect(await evaluate(image, files)).toHaveLength(4);
  });
});
