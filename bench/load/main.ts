// The load, as a process of its own: its plan on standard input, the lines `begin` and `end`, then its outcome as JSON.
import { text } from 'node:stream/consumers';
import { parsePlan } from './plan.ts';
import { runLoad } from './runLoad.ts';

const plan = parsePlan(await text(process.stdin));
const outcome = await runLoad(plan, (what) => process.stdout.write(`${what}\n`));
process.stdout.write(`${JSON.stringify(outcome)}\n`);
