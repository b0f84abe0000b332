// The little of SVG that the charts need. Colours change with the reader's light or dark mode.

/** Colours by place: the same contender has the same colour in every chart. */
export const COLOUR_COUNT = 6;

const LIGHT = ['#2a78d6', '#c2410c', '#0f8a5f', '#a16207', '#7c3aed', '#64748b'];
const DARK = ['#6aa9f4', '#fb8b4b', '#3ecf97', '#e0b341', '#b794f6', '#a3b1c2'];

const FONT = 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif';

function colourRules(colours: readonly string[]): string {
  return colours
    .map((colour, at) => `.c${at}{fill:${colour}}.l${at}{stroke:${colour};fill:none}`)
    .join('');
}

const STYLE = [
  `text{font:13px ${FONT};fill:#1f2328}.title{font-weight:600;font-size:15px}.faint{fill:#59636e}`,
  '.back{fill:#fff}.axis{stroke:#d1d9e0}.whisker{stroke:#1f2328;stroke-width:1.5}',
  colourRules(LIGHT),
  '@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.faint{fill:#9198a1}.back{fill:#0d1117}',
  '.axis{stroke:#3d444d}.whisker{stroke:#f0f6fc}',
  `${colourRules(DARK)}}`,
].join('');

/** A whole picture of this many pixels, with its title read out by screen readers. */
export function picture(
  width: number,
  height: number,
  title: string,
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeText(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${width}" height="${height}"/>`,
    text(16, 28, title, 'title'),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

/** A line of text; its anchor is where x stands in it. */
export function text(
  x: number,
  y: number,
  words: string,
  kind = '',
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  return `<text x="${pixels(x)}" y="${pixels(y)}" class="${kind}" text-anchor="${anchor}">${escapeText(words)}</text>`;
}

/** A filled rectangle. */
export function rectangle(
  x: number,
  y: number,
  width: number,
  height: number,
  kind: string,
): string {
  return `<rect x="${pixels(x)}" y="${pixels(y)}" width="${pixels(width)}" height="${pixels(height)}" class="${kind}"/>`;
}

/** A straight line. */
export function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return `<line x1="${pixels(x1)}" y1="${pixels(y1)}" x2="${pixels(x2)}" y2="${pixels(y2)}" class="${kind}"/>`;
}

/** A line through points, with a dot on each. */
export function curve(
  points: readonly (readonly [x: number, y: number])[],
  colour: number,
): string {
  const path = points.map(([x, y]) => `${pixels(x)},${pixels(y)}`).join(' ');
  const dots = points.map(
    ([x, y]) => `<circle cx="${pixels(x)}" cy="${pixels(y)}" r="3.5" class="c${colour}"/>`,
  );
  return `<polyline points="${path}" class="l${colour}" stroke-width="2"/>${dots.join('')}`;
}

/** The least of 1, 2 and 5 times a power of ten that is not below the value: where an axis may end. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((step) => step * power >= value) ?? 10);
}

/** A length as SVG has it, to a tenth of a pixel. */
export function pixels(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Words that may stand between tags. */
export function escapeText(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
