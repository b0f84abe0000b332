// helm, kubeconform and kube-score: system tools, found in ORDERFLOW_TOOLS_DIR or on the PATH.
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { LaunchFailure } from '../failure.ts';
import { readSettings } from '../settings.ts';

/** What a tool said, and how it ended. */
export interface ToolRun {
  readonly exitCode: number;
  /** Standard output; `complaints` is standard error. */
  readonly output: string;
  readonly complaints: string;
}

/** The path of a tool, or undefined where it is not installed. */
export function findTool(name: string): string | undefined {
  const { toolsDir, searchPath } = readSettings();
  const dirs = [...(toolsDir === undefined ? [] : [toolsDir]), ...searchPath];
  return dirs.map((dir) => path.join(dir, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a tool to its end. Throws LaunchFailure where it is not installed, never for its exit code. */
export function runTool(name: string, args: readonly string[], input = ''): ToolRun {
  const tool = findTool(name);
  if (tool === undefined) {
    throw new LaunchFailure(
      `${name} is not installed`,
      `Put it on the PATH, or set ORDERFLOW_TOOLS_DIR to the directory that holds it.`,
    );
  }
  try {
    const output = execFileSync(tool, args, {
      input,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: 'pipe',
    });
    return { exitCode: 0, output, complaints: '' };
  } catch (error) {
    return readFailure(error);
  }
}

function readFailure(error: unknown): ToolRun {
  const { status, stdout, stderr } = error as {
    readonly status?: number | null;
    readonly stdout?: string;
    readonly stderr?: string;
  };
  if (typeof status !== 'number') throw error;
  return { exitCode: status, output: stdout ?? '', complaints: stderr ?? '' };
}

/** What a tool printed. Throws LaunchFailure with its complaint when it failed. */
export function outputOf(name: string, args: readonly string[], input = ''): string {
  const run = runTool(name, args, input);
  if (run.exitCode === 0) return run.output;
  throw new LaunchFailure(`${name} ${args.join(' ')} failed`, run.complaints || run.output);
}
