// The workflows under .github/workflows: what a typing error would otherwise show only after a push.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseTestArguments } from '../../local/arguments.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '..', '..');
const WORKFLOWS = path.join(CHECKOUT, '.github', 'workflows');

const stepSchema = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
});
const jobSchema = z.object({
  uses: z.string().optional(),
  permissions: z.record(z.string(), z.string()).optional(),
  'timeout-minutes': z.number().optional(),
  steps: z.array(stepSchema).default([]),
});
const workflowSchema = z.object({
  permissions: z.record(z.string(), z.string()).optional(),
  concurrency: z.object({ group: z.string() }).optional(),
  jobs: z.record(z.string(), jobSchema),
});
const packageSchema = z.object({ scripts: z.record(z.string(), z.string()) });

const workflows = readdirSync(WORKFLOWS).map((file) => {
  const text = readFileSync(path.join(WORKFLOWS, file), 'utf8');
  return { file, text, ...workflowSchema.parse(parse(text)) };
});
const { scripts } = packageSchema.parse(
  JSON.parse(readFileSync(path.join(CHECKOUT, 'package.json'), 'utf8')),
);
const jobs = workflows.flatMap(({ file, jobs: those }) =>
  Object.entries(those).map(([name, job]) => ({ name: `${file}: ${name}`, job })),
);
const commands = jobs.flatMap(({ job }) => job.steps.flatMap(({ run }) => run ?? []));

/** What stands behind `pattern`'s first group in all commands. */
const named = (pattern: RegExp): string[] =>
  commands.flatMap((run) => [...run.matchAll(pattern)].flatMap(([, name]) => name ?? []));

test('a step runs only scripts that package.json has', () => {
  const wanted = named(/\bnpm run ([\w:-]+)/g);
  expect(wanted).not.toEqual([]);
  expect(wanted.filter((name) => scripts[name] === undefined)).toEqual([]);
});

test('npm test is given only words that it knows', () => {
  const lines = named(/\bnpm test -- ([^|\n]*)/g);
  expect(lines).not.toEqual([]);
  for (const line of lines) {
    const words = line.replace(' 2>&1', '').replaceAll('"', '').trim().split(/\s+/);
    // A matrix names the servers: arguments that come from it are tried with one of them.
    expect(() =>
      parseTestArguments(words.map((word) => word.replace('$INFRA', 'docker'))),
    ).not.toThrow();
  }
});

test('an action is pinned by its full commit, with its version beside it', () => {
  const uses = workflows.flatMap(({ file, text }) =>
    [...text.matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, line]) => `${file}: ${line ?? ''}`),
  );
  const pinned = /: (\.\/\S+|[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/;
  expect(uses).not.toEqual([]);
  expect(uses.filter((line) => !pinned.test(line))).toEqual([]);
});

test('the same action has the same commit everywhere', () => {
  const commits = Map.groupBy(
    jobs.flatMap(({ job }) => job.steps.flatMap(({ uses }) => uses ?? [])),
    (uses) => uses.split('@')[0],
  );
  const differing = [...commits.values()].filter((those) => new Set(those).size > 1);
  expect(differing).toEqual([]);
});

test('a workflow of this repository that is called is there', () => {
  const called = jobs.flatMap(({ job }) => (job.uses === undefined ? [] : [job.uses]));
  expect(called.filter((file) => !existsSync(path.join(CHECKOUT, file)))).toEqual([]);
});

test('a workflow gives no rights by itself, and a later run replaces or waits for an earlier one', () => {
  for (const { file, permissions, concurrency } of workflows)
    expect({ file, permissions, isGrouped: concurrency !== undefined }).toEqual({
      file,
      permissions: {},
      isGrouped: true,
    });
});

test('a job says what it may do and when it is ended', () => {
  const open = jobs.filter(({ job }) => {
    // A called workflow has the time-outs of its own jobs.
    const isBounded = job['timeout-minutes'] !== undefined || job.uses !== undefined;
    return job.permissions === undefined || !isBounded;
  });
  expect(open.map(({ name }) => name)).toEqual([]);
});
