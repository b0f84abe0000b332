// The second judge: `orderflow verify`, as an operator runs it, on the logs, the read models, the cursors and the topics.
import { execFile } from 'node:child_process';
import { z } from 'zod';
import { infraEnvironment, type InfraAccess } from '../../local/infra/infra.ts';
import { CHECKOUT } from '../../local/places.ts';
import { programEnvironment } from '../stack/config.ts';

const COMMAND = 'packages/cli/src/main.ts';
const LIMIT_MS = 300_000;
const OUTPUT_LIMIT_BYTES = 64 * 1_024 * 1_024;

const reportSchema = z.object({
  isClean: z.boolean(),
  breaches: z.array(z.object({ promise: z.string(), text: z.string() })),
});

/** Every breach that it finds, in words; a report that does not come is one as well. */
export async function orderflowVerify(access: InfraAccess): Promise<string[]> {
  const { output, problem } = await runVerify(access);
  // With exit code 1 comes a report, or none.
  if (output === '') return [`orderflow verify gave no report: ${problem}`];
  const { isClean, breaches } = reportSchema.parse(JSON.parse(output));
  const told = breaches.map(({ promise, text }) => `verify, ${promise}: ${text}`);
  return isClean || told.length > 0 ? told : ['orderflow verify is not clean, and names no breach'];
}

function runVerify(access: InfraAccess): Promise<{ output: string; problem: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [COMMAND, 'verify', '--json', '--kafka'],
      {
        cwd: CHECKOUT,
        env: { ...programEnvironment(), ...infraEnvironment(access) },
        timeout: LIMIT_MS,
        maxBuffer: OUTPUT_LIMIT_BYTES,
      },
      (error, output, errors) => {
        resolve({ output, problem: `${error?.message ?? 'no output'} ${errors.slice(-2_000)}` });
      },
    );
  });
}
