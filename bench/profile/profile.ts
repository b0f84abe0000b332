// `npm run bench:profile`: where the time of the services goes.
import { readFileSync } from 'node:fs';
import { runAlone } from '../alone.ts';
import { measureProfile } from './measureProfile.ts';
import { sharesOf } from './shares.ts';

const HELP = `npm run bench:profile               starts Orderflow on servers of its own, loads it, profiles a window, and writes
                                    shares and flame graphs to bench/out
npm run bench:profile -- --publish  to bench/profile.json and bench/charts/flame-*.svg, which are committed
npm run bench:profile -- FILE…      adds up profiles that \`node --cpu-prof\` has written
`;
const SHOWN = 15;

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('--'));
const files = args.filter((arg) => !arg.startsWith('--'));
if (options.some((option) => option !== '--publish')) process.stdout.write(HELP);
else if (files.length === 0)
  await runAlone((alone) => measureProfile(alone, options.includes('--publish')));
for (const file of files) {
  process.stdout.write(`${file}\n`);
  for (const { place, share } of sharesOf(readFileSync(file, 'utf8')).slice(0, SHOWN))
    process.stdout.write(`${(share * 100).toFixed(1).padStart(6)} %  ${place}\n`);
}
