// What services complain of must have a cause: a false alarm, or a bug that was only logged, is a breach.
import { z } from 'zod';
import { INVENTORY_TOPIC, ORDERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import { UNREADABLE_KEY } from '@orderflow/shared/messaging/openBatch.ts';
import { losesMessages } from '../faults.ts';
import { POISON_REASON } from '../poison.ts';
import type { Befallen } from '../world.ts';

const complaint = z.looseObject({
  msg: z.string(),
  topic: z.string().optional(),
  key: z.string().optional(),
  reason: z.string().optional(),
  answer: z.string().optional(),
});
type Complaint = z.output<typeof complaint>;

/** By the words that a complaint begins with: which faults of its topic explain it. */
const CAUSES: readonly (readonly [string, (kind: Befallen['kind'], of: Complaint) => boolean])[] = [
  ['gap: ', losesMessages],
  ['tail lost: ', losesMessages],
  ['records deleted: ', losesMessages],
  ['the topic was lost', losesMessages],
  [
    'message parked',
    (kind, said) =>
      said.key === UNREADABLE_KEY
        ? kind === 'junk' || kind === 'damaged'
        : kind === 'poison' && isPoison(said),
  ],
  [
    'the key stays parked',
    (kind, said) => kind === 'wish' && (isRetryInVain(said) || isDropRefusal(said)),
  ],
];

/**
 * Of which topic a drop may be refused, and how: orders has nothing that could stand in for an answer, inventory nothing
 * for a line's end. All else that is not dropped is a bug.
 */
const DROP_REFUSALS = [
  [INVENTORY_TOPIC, /^not dropped: this service must handle every \w+: /],
  [
    ORDERS_TOPIC,
    /^not dropped: Order(Confirmed|Rejected) says .*; without it stock would stay held /,
  ],
] as const;

/** Not for any other reason: a service that contradicts itself is no poison of ours. */
function isPoison({ reason }: Complaint): boolean {
  return reason?.includes(POISON_REASON) === true;
}

/** Nothing makes a message of a record that is none. */
function isRetryInVain(said: Complaint): boolean {
  return (
    said.answer === 'tried again, and failed again' &&
    (said.key === UNREADABLE_KEY || isPoison(said))
  );
}

/** Why the message is parked is no reason not to drop it. */
function isDropRefusal({ topic, answer = '' }: Complaint): boolean {
  return DROP_REFUSALS.some(([of, words]) => topic === of && words.test(answer));
}

/** The breach that a complaint is, in words, unless something that has struck its topic before explains it. */
export function breachOfComplaint(line: string, befallen: readonly Befallen[]): string | undefined {
  const said = complaint.parse(JSON.parse(line));
  const explains = CAUSES.find(([words]) => said.msg.startsWith(words))?.[1];
  const isExplained = befallen.some(
    ({ kind, topic }) => topic === said.topic && explains?.(kind, said),
  );
  return isExplained ? undefined : `A complaint without cause: ${line}`;
}
