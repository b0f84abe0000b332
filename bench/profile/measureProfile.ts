// Profiles the real services under load: where their time goes, as shares and as flame graphs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { CHECKOUT } from '../../local/places.ts';
import { withOrderflow, type Alone } from '../alone.ts';
import { measureRun, type Subject } from '../measure/measureRun.ts';
import { printRun } from '../printRun.ts';
import { probeDir } from '../processes.ts';
import { profileTable } from '../report/profileTable.ts';
import { AMPLE_EXTENT, scenarioOf, usersNeeded } from '../scenarios.ts';
import { lookAtMachine } from '../setting.ts';
import { drawFlame } from './flame.ts';
import { PUBLISHED_PROFILE, type ProfileSummary } from './published.ts';
import { sharesOf } from './shares.ts';

const PRELOAD = 'bench/probe/cpuProfile.ts';
const PROFILED = ['gateway', 'orders', 'inventory'];
const CONNECTIONS = 256;
/** Of load before the window: what is compiled by then is not profiled. */
const WARMUP_SECONDS = 15;
const WINDOW_SECONDS = 15;
const FILE_LIMIT_MS = 60_000;

/** Profiles one window of `hot` and writes profile.json and charts/flame-*.svg, to bench/ if it is to be published. */
export async function measureProfile(alone: Alone, isPublished: boolean): Promise<void> {
  const { report } = alone;
  const machine = lookAtMachine();
  const scenario = scenarioOf('hot', AMPLE_EXTENT);
  const options = { preload: PRELOAD };
  await withOrderflow(alone, usersNeeded([scenario]), options, async (subject) => {
    const run = await measureRun(alone.ground, subject, scenario, {
      connections: CONNECTIONS,
      warmupSeconds: WARMUP_SECONDS,
      seconds: WINDOW_SECONDS,
      round: 1,
    });
    printRun(report, run);
    if (run.bookFaults.length > 0) throw new Error('A profile of wrong books is worth nothing');
    const profiles = await readProfiles(alone, subject);
    const summary: ProfileSummary = {
      startedAt: machine.startedAt,
      commit: machine.commit,
      load: `${scenario.name}, ${CONNECTIONS} connections`,
      perSecond: run.load.perSecond,
      services: profiles.map(({ name, json }) => ({ name, shares: [...sharesOf(json)] })),
    };
    const folder = isPublished ? path.dirname(PUBLISHED_PROFILE) : path.join('bench', 'out');
    write(path.join(CHECKOUT, folder), summary, profiles);
    report.print(profileTable(summary));
    report.step('bench', `profile: ${folder}`);
  });
}

interface Profile {
  readonly name: string;
  readonly json: string;
}

/** What the preloaded probes wrote at the end of the window. */
async function readProfiles({ ground }: Alone, { running }: Subject): Promise<Profile[]> {
  const profiles: Profile[] = [];
  for (const name of PROFILED) {
    const pid = running.processes.find((each) => each.name === name)?.pid;
    const file = path.join(probeDir(ground), `${pid}.cpuprofile`);
    await eventually(() => existsSync(file), `the profile of ${name} is written`, {
      timeoutMs: FILE_LIMIT_MS,
    });
    profiles.push({ name, json: readFileSync(file, 'utf8') });
  }
  return profiles;
}

function write(folder: string, summary: ProfileSummary, profiles: readonly Profile[]): void {
  const charts = path.join(folder, 'charts');
  mkdirSync(charts, { recursive: true });
  const json = `${JSON.stringify(summary, undefined, 1)}\n`;
  writeFileSync(path.join(folder, path.basename(PUBLISHED_PROFILE)), json);
  const { load, commit, perSecond } = summary;
  for (const { name, json: profile } of profiles) {
    const title = `${name}: busy time at ${perSecond.toFixed(0)} orders/s (${load}), commit ${commit}`;
    writeFileSync(path.join(charts, `flame-${name}.svg`), drawFlame(title, profile));
  }
}
