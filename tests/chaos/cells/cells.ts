// All cells of the matrix, in the order in which they are run: what finds bugs soonest comes first.
import type { Cell } from './cell.ts';
import { clusterCells } from './clusterCells.ts';
import { diskCells } from './diskCells.ts';
import { edgeCells } from './edgeCells.ts';
import { failpointCells } from './failpointCells.ts';
import { processCells } from './processCells.ts';
import { replicaCells } from './replicaCells.ts';

export const CELLS: readonly Cell[] = [
  ...replicaCells,
  ...edgeCells,
  ...processCells,
  ...diskCells,
  ...clusterCells,
  ...failpointCells,
];

/** The cells whose names begin with one of the words; throws where a word fits none. */
export function findCells(words: readonly string[]): readonly Cell[] {
  const strangers = words.filter((word) => !CELLS.some(({ name }) => name.startsWith(word)));
  if (strangers.length > 0)
    throw new Error(
      `No cell begins with ${strangers.join(', ')}. There are:\n  ${CELLS.map(({ name }) => name).join('\n  ')}`,
    );
  return CELLS.filter(({ name }) => words.some((word) => name.startsWith(word)));
}
