// `npm run charts:deps`, `npm run charts:schemas`, `npm run manifests`: what is made from the charts or for them.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CHARTS, chartDir, MANIFESTS_DIR } from './charts/catalogue.ts';
import { buildDependencies, renderManifests } from './charts/manifests.ts';
import { valuesSchemaText } from './charts/valuesSchema.ts';
import { describeFailure } from './report.ts';

const COMMANDS: Readonly<Record<string, () => void>> = {
  deps: buildDependencies,
  schemas: writeSchemas,
  manifests: writeManifests,
};

try {
  const command = COMMANDS[process.argv[2] ?? ''];
  if (command === undefined) throw new Error(`Say one of ${Object.keys(COMMANDS).join(', ')}`);
  command();
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}

function writeSchemas(): void {
  for (const chart of CHARTS) {
    writeFileSync(path.join(chartDir(chart), 'values.schema.json'), valuesSchemaText(chart));
  }
}

function writeManifests(): void {
  buildDependencies();
  const files = renderManifests();
  rmSync(MANIFESTS_DIR, { recursive: true, force: true });
  mkdirSync(MANIFESTS_DIR, { recursive: true });
  for (const [name, text] of files) writeFileSync(path.join(MANIFESTS_DIR, name), text);
}
