// How the report writes figures.
import type { Spread } from './statistics.ts';

const LEAST_WHOLE = 100;

/** Whole numbers from 100 on, three digits below: '1,234', '12.3', '0.0412'. */
export function figure(value: number): string {
  if (Math.abs(value) >= LEAST_WHOLE) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** A median with its least and most: '1,234 (1,200–1,300)'; a dash if there is none. */
export function spreadInWords(spread: Spread | undefined): string {
  if (spread === undefined) return '–';
  return `${figure(spread.median)} (${figure(spread.min)}–${figure(spread.max)})`;
}

/** A Markdown table; the first column to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const toLine = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = `| --- | ${head
    .slice(1)
    .map(() => '---:')
    .join(' | ')} |`;
  return [toLine(head), rule, ...rows.map(toLine)].join('\n');
}
