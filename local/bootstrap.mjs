// The first thing that `npm start`, `npm test` and `npm run demo` run: plain JavaScript on whatever Node the machine has (18 or
// newer), before node_modules exists. It installs what the lock file names, makes sure that Node 24 came with it, and hands over.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 18;
const NODE_MAJOR = '24';
const CHECKOUT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const NODE = path.join(CHECKOUT, 'node_modules', '.bin', 'node');
const underNpm = process.env.npm_lifecycle_event !== undefined;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const [task, ...args] = process.argv.slice(2);
const PROGRAMS = { start: 'local/start.ts', test: 'local/test.ts', demo: 'tests/chaos/demo.ts' };
const program = Object.hasOwn(PROGRAMS, task ?? '') ? PROGRAMS[task] : undefined;
if (program === undefined) fail('usage: node local/bootstrap.mjs start|test|demo [arguments]');
if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  fail(
    `Node ${process.versions.node} is too old to begin with.`,
    `Install Node ${OLDEST_NODE} or newer; Node ${NODE_MAJOR} itself is installed by npm.`,
  );
}

const missing = whatIsMissing();
if (missing !== undefined) await install(missing);
requireNode24();
const script = path.join(CHECKOUT, program);
// The channel ('ipc') tells the launcher when this process is killed: kill -9 can be neither caught nor passed on.
const code = await run(NODE, [script, ...args], ['inherit', 'inherit', 'inherit', 'ipc']);
process.exit(code);

/** Why an install is needed, or undefined: compares the lock file with what npm noted down when its last install was complete. */
function whatIsMissing() {
  const wanted = readPackages('package-lock.json');
  const installed = readPackages(path.join('node_modules', '.package-lock.json'));
  if (wanted === undefined)
    fail('package-lock.json is missing or broken.', 'git checkout package-lock.json');
  if (installed === undefined) return 'dependencies are not installed yet';
  for (const [name, entry] of Object.entries(wanted)) {
    // Packages for other platforms are optional and rightly absent; '' and the workspaces are not in node_modules.
    if (!name.startsWith('node_modules/') || entry.optional || entry.devOptional || entry.peer)
      continue;
    const found = installed[name];
    if (
      found === undefined ||
      found.version !== entry.version ||
      found.integrity !== entry.integrity
    ) {
      return `${name.slice('node_modules/'.length)} is not installed as the lock file has it`;
    }
  }
  return undefined;
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(path.join(CHECKOUT, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

async function install(reason) {
  console.log(`Installing: ${reason} (npm ci, about half a minute)`);
  // The npm that runs this, if one does, else the one on the PATH.
  const npm = process.env.npm_execpath;
  // Errors only: what npm warns of here are engines that concern Node 24 and not the one that it runs on.
  const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const exit = await run(
    command,
    [...first, 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
    'inherit',
  );
  if (exit !== 0)
    fail(
      `npm ci ended with code ${exit}.`,
      'The lines above say why; is the package registry within reach?',
    );
}

function requireNode24() {
  let version;
  try {
    version = execFileSync(NODE, ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    fail(
      `node_modules/.bin/node does not run: the install script of the package "node", which brings Node ${NODE_MAJOR}, was blocked or failed.`,
      'Allow it: package.json lists it under "allowScripts"; see that `npm config get ignore-scripts` says false. Then: rm -rf node_modules and once more.',
    );
  }
  if (!version.startsWith(`v${NODE_MAJOR}.`)) {
    fail(
      `node_modules/.bin/node is ${version}, and Node ${NODE_MAJOR} is needed.`,
      'rm -rf node_modules and once more.',
    );
  }
}

/** Runs a child with the terminal, hands signals on to it, and gives its exit code; 128 + n for signal n. */
function run(command, commandArgs, stdio) {
  return new Promise((resolve) => {
    const child = spawn(command, commandArgs, { cwd: CHECKOUT, stdio });
    const forward = (signal) => child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, forward);
    // npm may be killed, and cannot pass that on; whoever ends npm wants this ended. Started by hand, a parent may leave.
    const ancestors = ancestry();
    const orphaned = setInterval(() => {
      if (underNpm && ancestry() !== ancestors) child.kill('SIGTERM');
    }, 1000);
    const done = (exitCode, signal) => {
      clearInterval(orphaned);
      for (const each of SIGNALS) process.off(each, forward);
      resolve(signal ? 128 + os.constants.signals[signal] : exitCode);
    };
    child.once('error', (error) => {
      console.error(String(error));
      done(127);
    });
    child.once('exit', done);
  });
}

/** The pids of the shell that npm starts us in, and of npm, as a text to compare. */
function ancestry() {
  const parent = process.ppid;
  try {
    const stat = readFileSync(`/proc/${parent}/stat`, 'utf8');
    const grandparent = stat.slice(stat.lastIndexOf(')')).split(' ')[2];
    // Where npm is the parent itself, its own parent is somebody's terminal, which may be closed.
    return /\((sh|dash|bash|zsh)\)/.test(stat) ? `${parent} ${grandparent}` : `${parent}`;
  } catch {
    return `${parent}`; // no /proc: the shell alone must do
  }
}

function fail(cause, advice) {
  console.error(`\nFAILED: ${cause}`);
  if (advice) console.error(`What to do: ${advice}`);
  process.exit(1);
}
