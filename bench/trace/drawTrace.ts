// A lone order's way as a picture: hops over time, a lane for each process and server.
import { figure } from '../report/format.ts';
import { escapeText, line, picture, rectangle, text } from '../report/svg.ts';
import { HOPS, type Lane } from './hops.ts';

const WIDTH = 900;
const LEFT = 100;
const RIGHT = 20;
const TOP = 56;
const LANE_HEIGHT = 40;
const BAR_HEIGHT = 24;
/** As an order passes them. */
const LANES: readonly Lane[] = ['gateway', 'between', 'orders', 'MariaDB', 'Kafka', 'inventory'];
const LEAST_LABELLED_PIXELS = 30;

/** Draws the hops of these lengths one after the other. */
export function drawTrace(title: string, hopsMs: readonly number[]): string {
  const totalMs = hopsMs.reduce((sum, ms) => sum + ms, 0);
  const scale = (WIDTH - LEFT - RIGHT) / totalMs;
  const floor = TOP + LANES.length * LANE_HEIGHT;
  const parts = LANES.map((lane, at) =>
    text(LEFT - 10, TOP + at * LANE_HEIGHT + 17, lane, 'faint', 'end'),
  );
  for (let ms = 0; ms <= totalMs; ms += 1) {
    const x = LEFT + ms * scale;
    parts.push(
      line(x, TOP - 6, x, floor, 'axis'),
      text(x, floor + 16, figure(ms), 'faint', 'middle'),
    );
  }
  let x = LEFT;
  for (const [index, { name, lane }] of HOPS.entries()) {
    const ms = hopsMs[index] ?? 0;
    const [y, width] = [TOP + LANES.indexOf(lane) * LANE_HEIGHT, ms * scale];
    const label =
      width < LEAST_LABELLED_PIXELS
        ? ''
        : text(x + width / 2, y - 2, figure(ms), 'faint', 'middle');
    parts.push(
      `<g><title>${escapeText(name)}: ${figure(ms)} ms</title>${rectangle(x, y, width, BAR_HEIGHT, `c${LANES.indexOf(lane)}`)}${label}</g>`,
    );
    x += width;
  }
  return picture(WIDTH, floor + 28, title, parts);
}
