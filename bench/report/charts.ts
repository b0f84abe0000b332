// The report's pictures.
import type { RunResult, ScenarioName } from '../results.ts';
import { figure } from './format.ts';
import { counts, medianOf, titleOf } from './selection.ts';
import { spreadOf } from './statistics.ts';
import { COLOUR_COUNT, curve, line, picture, rectangle, roundUp, text } from './svg.ts';

const WIDTH = 860;
const LEFT = 200;
const RIGHT = 90;
const BAR = 18;
const BAR_STEP = 23;
const GROUP_HEAD = 34;
const TOP = 44;
const BOTTOM = 24;
const SCENARIOS: readonly ScenarioName[] = ['hot', 'spread', 'drop', 'mixed'];
const PLOT = { left: 70, right: 150, top: 60, bottom: 60, height: 400, ticks: 5 };

/** A picture, by the name of its file. */
export interface Chart {
  readonly fileName: string;
  readonly title: string;
  readonly svg: string;
}

/** A bar with its whisker. */
interface Bar {
  readonly title: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** All charts for which there are runs that count. */
export function drawCharts(runs: readonly RunResult[]): readonly Chart[] {
  const counted = runs.filter(counts);
  const closed = counted.filter(({ arrivalsPerSecond }) => arrivalsPerSecond === undefined);
  const connections = [...new Set(closed.map((run) => run.connections))].sort((a, b) => a - b);
  const throughput = connections.flatMap((count) => drawThroughput(closed, count) ?? []);
  const scenarios = SCENARIOS.flatMap((scenario) => drawLatency(counted, scenario) ?? []);
  return [...throughput, ...scenarios];
}

function drawThroughput(runs: readonly RunResult[], connections: number): Chart | undefined {
  const groups = SCENARIOS.map((scenario) => ({
    scenario,
    bars: barsOf(runs, scenario, connections),
  })).filter(({ bars }) => bars.length > 0);
  if (groups.length === 0) return undefined;
  const all = groups.flatMap(({ bars }) => bars);
  const order = [...new Set(runs.map(titleOf))];
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(...all.map(({ max }) => max), 1);
  let y = TOP;
  const parts: string[] = [];
  for (const { scenario, bars } of groups) {
    parts.push(text(16, y + 20, scenario, 'title'));
    y += GROUP_HEAD;
    for (const bar of bars) {
      parts.push(drawBar(bar, y, scale, order.indexOf(bar.title) % COLOUR_COUNT));
      y += BAR_STEP;
    }
  }
  const title = `Answers per second, ${connections} connections: medians, whiskers from least to most`;
  return {
    fileName: `throughput-${connections}.svg`,
    title,
    svg: picture(WIDTH, y + BOTTOM, title, parts),
  };
}

function barsOf(runs: readonly RunResult[], scenario: ScenarioName, connections: number): Bar[] {
  const chosen = runs.filter((run) => run.scenario === scenario && run.connections === connections);
  return [...Map.groupBy(chosen, titleOf)].flatMap(([title, each]) => {
    const spread = spreadOf(each.map(({ load }) => load.perSecond));
    return spread === undefined ? [] : [{ title, ...spread }];
  });
}

function drawBar(bar: Bar, y: number, scale: number, colour: number): string {
  const middle = y + BAR / 2;
  const [from, to] = [LEFT + bar.min * scale, LEFT + bar.max * scale];
  return [
    text(LEFT - 10, middle + 4, bar.title, 'faint', 'end'),
    rectangle(LEFT, y, bar.median * scale, BAR, `c${colour}`),
    line(from, middle, to, middle, 'whisker'),
    line(from, middle - 5, from, middle + 5, 'whisker'),
    line(to, middle - 5, to, middle + 5, 'whisker'),
    text(Math.max(to, LEFT + bar.median * scale) + 8, middle + 4, figure(bar.median)),
  ].join('');
}

/** Latency of Orderflow over the arrival rate. Both axes begin at 0. */
function drawLatency(runs: readonly RunResult[], scenario: ScenarioName): Chart | undefined {
  const open = runs.filter(
    (run) =>
      run.contender === 'orderflow' &&
      run.scenario === scenario &&
      run.arrivalsPerSecond !== undefined,
  );
  const rates = [...new Set(open.flatMap((run) => run.arrivalsPerSecond ?? []))].sort(
    (a, b) => a - b,
  );
  if (rates.length === 0) return undefined;
  const curves = (['p50', 'p90', 'p99'] as const).map((percentile) => ({
    name: percentile,
    points: rates.map((rate) => {
      const atRate = open.filter(({ arrivalsPerSecond }) => arrivalsPerSecond === rate);
      return { x: rate, y: medianOf(atRate, ({ load }) => load.latencyMs[percentile]) ?? 0 };
    }),
  }));
  const title = `orderflow, ${scenario}: latency in ms over arrivals per second (open loop), medians`;
  return {
    fileName: `latency-${scenario}.svg`,
    title,
    svg: drawCurves(title, 'arrivals per second', curves),
  };
}

/** Curves over a common x, from 0 up. */
export function drawCurves(
  title: string,
  xName: string,
  curves: readonly {
    readonly name: string;
    readonly points: readonly { readonly x: number; readonly y: number }[];
  }[],
): string {
  const { left, right, top, bottom, height, ticks } = PLOT;
  const points = curves.flatMap((each) => each.points);
  const xMost = roundUp(Math.max(...points.map(({ x }) => x)));
  const yMost = roundUp(Math.max(...points.map(({ y }) => y)));
  const floor = height - bottom;
  const toX = (x: number) => left + (x / xMost) * (WIDTH - left - right);
  const toY = (y: number) => floor - (y / yMost) * (floor - top);
  const steps = Array.from({ length: ticks + 1 }, (_, at) => at / ticks);
  const axes = steps.flatMap((share) => [
    line(left, toY(share * yMost), WIDTH - right, toY(share * yMost), 'axis'),
    text(left - 8, toY(share * yMost) + 4, figure(share * yMost), 'faint', 'end'),
    text(toX(share * xMost), floor + 20, figure(share * xMost), 'faint', 'middle'),
  ]);
  const drawn = curves.map((each, at) =>
    curve(
      each.points.map(({ x, y }) => [toX(x), toY(y)] as const),
      at % COLOUR_COUNT,
    ),
  );
  return picture(WIDTH, height, title, [
    ...axes,
    text((left + WIDTH - right) / 2, height - 14, xName, 'faint', 'middle'),
    ...drawn,
    ...drawLegend(curves.map(({ name }) => name)),
  ]);
}

function drawLegend(names: readonly string[]): string[] {
  const x = WIDTH - PLOT.right + 16;
  return names.flatMap((name, at) => [
    rectangle(x, PLOT.top + at * BAR_STEP, 12, 12, `c${at % COLOUR_COUNT}`),
    text(x + 18, PLOT.top + at * BAR_STEP + 11, name),
  ]);
}
