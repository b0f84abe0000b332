// One contender's runs of one round.
import type { Report } from '../local/report.ts';
import type { BenchArguments } from './arguments.ts';
import type { Contender } from './contenders/contender.ts';
import type { Ground } from './ground.ts';
import { measureRun, type Subject } from './measure/measureRun.ts';
import { printRun } from './printRun.ts';
import type { RunResult } from './results.ts';
import { scenarios, usersNeeded, type Scenario } from './scenarios.ts';
import type { OnStage } from './stage.ts';

const LONE_CONNECTIONS = 1;
/** Of load after each start: Node's compiler and the broker's need about so long. */
const START_WARMUP_SECONDS = 10;
/** At this share of what it did in the closed loop, latency is measured in an open one. */
const OPEN_LOOP_SHARE = 0.5;
const OPEN_LOOP_SCENARIOS = ['hot', 'spread'];

/** Starts the contender and does all its runs. */
export async function runRound(
  ground: Ground,
  onStage: OnStage,
  contender: Contender,
  poolSize: number,
  round: number,
  wishes: BenchArguments,
  report: Report,
): Promise<RunResult[]> {
  const chosen = scenarios(wishes.extent).filter(({ name }) => wishes.scenarios.includes(name));
  if (chosen.length === 0) return [];
  return onStage(contender, poolSize, usersNeeded(chosen), async (subject) => {
    const results: RunResult[] = [];
    const measure = async (scenario: Scenario, connections: number, arrivals?: number) => {
      const result = await measureRun(ground, subject, scenario, {
        connections,
        ...(arrivals === undefined ? {} : { arrivalsPerSecond: arrivals }),
        warmupSeconds: wishes.warmupSeconds,
        seconds: wishes.seconds,
        round,
      });
      printRun(report, result);
      results.push(result);
      return result;
    };
    await warmUp(ground, subject, chosen, wishes);
    for (const scenario of chosen) {
      for (const connections of connectionsFor(scenario, wishes)) {
        await measure(scenario, connections);
      }
      const last = results.at(-1);
      const isOpenLoop = !wishes.isQuick && OPEN_LOOP_SCENARIOS.includes(scenario.name);
      if (isOpenLoop && last !== undefined && last.load.perSecond > 0)
        await measure(scenario, last.connections, last.load.perSecond * OPEN_LOOP_SHARE);
    }
    return results;
  });
}

/** A cold process, and a cold broker more so, cost more than the same a few seconds later: the first seconds count for nothing. */
async function warmUp(
  ground: Ground,
  subject: Subject,
  chosen: readonly Scenario[],
  wishes: BenchArguments,
): Promise<void> {
  const [first] = chosen;
  if (wishes.isQuick || first === undefined) return;
  await measureRun(
    ground,
    subject,
    { ...first, eachUserOnce: false },
    {
      connections: Math.max(...wishes.connections),
      warmupSeconds: 0,
      seconds: START_WARMUP_SECONDS,
      round: 0,
    },
  );
}

function connectionsFor({ name }: Scenario, wishes: BenchArguments): readonly number[] {
  if (name === 'lone') return [LONE_CONNECTIONS];
  if (name === 'hot' || name === 'spread') return wishes.connections;
  return [Math.max(...wishes.connections)];
}
