// A flame graph of a CPU profile: who called whom, and for how much of the busy time.
import { escapeText, picture, pixels } from '../report/svg.ts';
import { busyMicroseconds, parseProfile, type CallFrame, type CpuProfile } from './profileFile.ts';
import { placeOf } from './shares.ts';

const WIDTH = 1_200;
const MARGIN = 10;
const ROW = 17;
const TOP = 70;
/** Narrower frames are put together. */
const LEAST_SHARE = 0.003;
const PIXELS_PER_LETTER = 6.2;
/** A label shorter than this says nothing. */
const LEAST_LETTERS = 3;

/** Colours by what a frame belongs to; the first that matches its place. */
const KINDS: readonly { readonly name: string; readonly colour: string; readonly of: RegExp }[] = [
  { name: "Orderflow's own code", colour: '#f2a65a', of: /^(packages|services)\// },
  { name: 'garbage collection', colour: '#e07a7a', of: /^garbage/ },
  { name: 'Node', colour: '#8fc1a9', of: /^Node$/ },
  { name: 'V8 and the system', colour: '#c9c4b8', of: /^(the rest|writing|all|rest)/ },
  { name: 'libraries', colour: '#9db7e8', of: /./ },
];

/** Equal calls from equal callers, as one. */
interface Frame {
  readonly name: string;
  readonly title: string;
  readonly place: string;
  /** In it and in what it called. */
  microseconds: number;
  readonly children: Map<string, Frame>;
}

/** Draws the flame graph of a profile, one title per frame, callers above. */
export function drawFlame(title: string, profileJson: string): string {
  const profile = parseProfile(profileJson);
  const root = mergeStacks(profile);
  const parts = [...legend()];
  let depth = 0;
  const draw = (frame: Frame, left: number, level: number) => {
    depth = Math.max(depth, level);
    parts.push(drawFrame(frame, left, level, root.microseconds));
    let x = left;
    for (const child of wideEnough(frame, root.microseconds)) {
      draw(child, x, level + 1);
      x += child.microseconds / root.microseconds;
    }
  };
  draw(root, 0, 0);
  return picture(WIDTH, TOP + (depth + 1) * ROW + MARGIN, title, parts);
}

function mergeStacks(profile: CpuProfile): Frame {
  const spent = busyMicroseconds(profile);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const called = new Set(profile.nodes.flatMap(({ children }) => children));
  const root: Frame = newFrame('busy time', 'busy time', 'all');
  const visit = (id: number, parent: Frame): number => {
    const node = nodes.get(id);
    if (node === undefined) return 0;
    const frame =
      node.callFrame.functionName === '(root)' ? parent : childOf(parent, node.callFrame);
    let sum = spent.get(id) ?? 0;
    for (const child of node.children) sum += visit(child, frame);
    if (frame !== parent) frame.microseconds += sum;
    return sum;
  };
  for (const { id } of profile.nodes) if (!called.has(id)) root.microseconds += visit(id, root);
  return root;
}

function newFrame(name: string, title: string, place: string): Frame {
  return { name, title, place, microseconds: 0, children: new Map() };
}

function childOf(parent: Frame, frame: CallFrame): Frame {
  const { functionName, url, lineNumber } = frame;
  const name = functionName === '' ? '(anonymous)' : functionName;
  const file = url
    .replace(/^.*\/node_modules\//, '')
    .replace(/^file:.*\/(packages|services|bench)\//, '$1/');
  const title = file === '' ? name : `${name} ${file}:${lineNumber + 1}`;
  const found = parent.children.get(title) ?? newFrame(name, title, placeOf(frame));
  parent.children.set(title, found);
  return found;
}

/** The widest first; those that are too narrow as one, if that is wide enough itself. */
function wideEnough({ children }: Frame, total: number): readonly Frame[] {
  const sorted = [...children.values()].sort((a, b) => b.microseconds - a.microseconds);
  const isWide = ({ microseconds }: Frame) => microseconds / total >= LEAST_SHARE;
  const narrow = sorted.filter((frame) => !isWide(frame));
  const rest = newFrame('…', `${narrow.length} functions below 0.3 % each`, 'rest');
  rest.microseconds = narrow.reduce((sum, { microseconds }) => sum + microseconds, 0);
  return [...sorted, rest].filter(isWide);
}

function drawFrame(frame: Frame, left: number, level: number, total: number): string {
  const share = frame.microseconds / total;
  const span = WIDTH - 2 * MARGIN;
  const [x, y, width] = [MARGIN + left * span, TOP + level * ROW, share * span];
  const letters = Math.floor((width - 4) / PIXELS_PER_LETTER);
  const label =
    letters < LEAST_LETTERS
      ? ''
      : `<text x="${pixels(x + 2)}" y="${pixels(y + 12)}" class="n">${escapeText(frame.name.slice(0, letters))}</text>`;
  const title = `<title>${escapeText(frame.title)}: ${(share * 100).toFixed(1)} %</title>`;
  const kind = KINDS.findIndex(({ of }) => of.test(frame.place));
  return `<g>${title}<rect x="${pixels(x)}" y="${y}" width="${pixels(width)}" height="${ROW - 1}" class="k${kind}"/>${label}</g>`;
}

function legend(): string[] {
  const rules = KINDS.map(({ colour }, at) => `.k${at}{fill:${colour}}`).join('');
  // The frames keep their colours in dark mode, and so do the letters on them.
  const style = `<style>text.n{font-size:11px;fill:#1f2328}${rules}</style>`;
  const marks = KINDS.map(
    ({ name }, at) =>
      `<rect x="${16 + at * 190}" y="42" width="12" height="12" class="k${at}"/><text x="${34 + at * 190}" y="53" class="faint">${escapeText(name)}</text>`,
  );
  return [style, ...marks];
}
