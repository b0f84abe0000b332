// `npm run golden`: records the schemas of versions that have no golden file yet. It never changes a file that is there.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { goldenName, storedSchema } from './golden.ts';
import { goldenSets } from './sets.ts';

for (const { folder, types } of goldenSets) {
  mkdirSync(folder, { recursive: true });
  for (const [type, { schemas }] of Object.entries(types)) {
    for (const [index, schema] of schemas.entries()) {
      const file = path.join(folder, goldenName(type, index + 1));
      if (existsSync(file)) continue;
      const content = { schema: storedSchema(schema), examples: [] };
      writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
      process.stdout.write(`${path.relative('.', file)}: add an example of what is written\n`);
    }
  }
}
