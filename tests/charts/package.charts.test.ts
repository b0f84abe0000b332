// The charts as a release publishes them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SERVICES } from '../../local/charts/catalogue.ts';
import { outputOf, findTool } from '../../local/charts/tools.ts';
import { CHECKOUT } from '../../local/places.ts';
import { describeWith } from './rendered.ts';

describeWith([], 'the packages of a release', () => {
  let destination: string;

  beforeAll(() => {
    destination = mkdtempSync(path.join(tmpdir(), 'orderflow-packages-'));
    const script = path.join(CHECKOUT, 'deploy', 'helm', 'packageCharts.sh');
    // The script takes helm from the PATH, as it finds it on the build server.
    const helmDir = path.dirname(findTool('helm') ?? '');
    execFileSync(script, ['registry.example.com:5000', 'shop/orderflow', destination], {
      env: { PATH: `${helmDir}:/usr/bin:/bin`, HOME: destination },
      stdio: 'pipe',
    });
  });
  afterAll(() => {
    rmSync(destination, { recursive: true });
  });

  const imagesOf = (chart: string) => {
    const files = readdirSync(destination).filter((name) => name.startsWith(`${chart}-`));
    expect(files).toHaveLength(1);
    const text = outputOf('helm', ['template', chart, path.join(destination, files[0] ?? '')]);
    const images = [...text.matchAll(/^\s*image: "?([^\s"]+):[\d.]+"?$/gm)];
    return new Set(images.map(([, image]) => image));
  };
  const published = (service: string) => `registry.example.com:5000/shop/orderflow/${service}`;

  it.each(SERVICES)('%s runs the image that was pushed beside it', (service) => {
    expect(imagesOf(service)).toEqual(new Set([published(service)]));
  });

  it('orderflow runs all four', () => {
    expect(imagesOf('orderflow')).toEqual(new Set(SERVICES.map(published)));
  });
});
