// The curl lines that README shows are the demo's own, and they work as they stand (with this test's port).
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { startStack, type Stack } from '../stack/stack.ts';

const lines = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('curl --location'));

describe('the curl lines of README', () => {
  let stack: Stack;
  beforeAll(async () => (stack = await startStack()), 120_000);
  afterAll(() => stack.close(), 60_000);

  const run = async (line: string) => {
    const script = line.replace('http://localhost:3008', stack.gatewayUrl);
    const { stdout } = await promisify(execFile)('sh', ['-c', `${script} --silent --show-error`]);
    return JSON.parse(stdout) as unknown;
  };

  it('are the six of the demo, and give what it gave', async () => {
    const answers: unknown[] = [];
    for (const line of lines) answers.push(await run(line));
    expect(answers).toMatchObject([
      { resp: { id: 1, email: 'someone@example.com' } },
      { resp: [{ id: 1, email: 'someone@example.com' }] },
      { resp: { id: 1, name: 'camera', count: 111 } },
      { resp: [{ id: 1, name: 'camera', count: 111 }] },
      {
        resp: {
          inventoryResp: { id: 1, name: 'camera', count: 110 },
          orderResp: { count: 1, inventory_id: 1, user_id: 1 },
        },
      },
      { resp: [{ user_id: 1, inventory_id: 1, count: 1, inventory: { id: 1, count: 110 } }] },
    ]);
  }, 60_000);
});
