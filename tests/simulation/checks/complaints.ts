// What services complain of must have a cause: a false alarm, or a bug that was only logged, is a breach.
import { z } from 'zod';
import { losesMessages, type Fault } from '../faults.ts';

const complaint = z.looseObject({ msg: z.string() });

/** By the words that a complaint begins with: which faults explain it. */
const CAUSES: readonly (readonly [string, (fault: Fault) => boolean])[] = [
  ['gap: ', losesMessages],
  ['tail lost: ', losesMessages],
  ['records deleted: ', losesMessages],
  ['the topic was lost', losesMessages],
  ['message parked', ({ kind }) => ['poison', 'junk', 'damaged'].includes(kind)],
];

/** Every complaint that none of the faults explains. */
export function checkComplaints(lines: readonly string[], faults: readonly Fault[]): string[] {
  return lines.flatMap((line) => {
    const { msg } = complaint.parse(JSON.parse(line));
    const cause = CAUSES.find(([words]) => msg.startsWith(words));
    return cause !== undefined && faults.some(cause[1])
      ? []
      : [`A complaint without cause: ${line}`];
  });
}
