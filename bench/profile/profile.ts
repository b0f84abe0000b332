// `npm run bench:profile -- FILE…`: where the time of a process went, from profiles that `node --cpu-prof` has written.
import { readFileSync } from 'node:fs';
import { sharesOf } from './shares.ts';

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write(
    'Name at least one .cpuprofile. ORDERS_NODE_OPTIONS="--cpu-prof" npm start writes one of orders when it ends.\n',
  );
  process.exitCode = 1;
}
for (const file of files) {
  process.stdout.write(`${file}\n`);
  for (const { place, share } of sharesOf(readFileSync(file, 'utf8')).slice(0, 15))
    process.stdout.write(`${(share * 100).toFixed(1).padStart(6)} %  ${place}\n`);
}
