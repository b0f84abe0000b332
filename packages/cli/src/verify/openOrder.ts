// An order under way: what its lines still lack, and whether that may be so.

/** A line of an order under way. */
export interface OpenLine {
  /** What inventory decided of it; undefined: nothing yet. */
  said: 'StockReserved' | 'StockRejected' | undefined;
  /** What became of its stock at last; 'StockSold' also for a line whose stock was sold at once. */
  settled: 'StockReleased' | 'StockSold' | undefined;
  /** Orders has noted that it is reserved, while other lines are awaited. */
  isRecorded: boolean;
  /** A message about it is in flight or parked, or its missing effect is told elsewhere. */
  isAwaited: boolean;
}

/** An order under way. */
export interface OpenOrder {
  readonly lines: readonly OpenLine[];
  decision: string | undefined;
}

/** The messages that move a line on. */
export const FOLLOWED_MESSAGES: readonly string[] = [
  ...['OrderRequested', 'OrderConfirmed', 'OrderRejected', 'StockReserved', 'StockRejected'],
];

/** True if the order is decided, and inventory done with every line of it. */
export function isDone({ decision, lines }: OpenOrder): boolean {
  return decision !== undefined && lines.every((line) => lackOf(line, decision) === undefined);
}

/** What an order lacks though nothing that could bring it is under way, in words; undefined if it lacks nothing of that kind. */
export function openFault({ decision, lines }: OpenOrder): string | undefined {
  const lacks = lines.flatMap((line, index) => {
    const lack = line.isAwaited ? undefined : lackOf(line, decision);
    return lack === undefined ? [] : [`line ${index} ${lack}`];
  });
  const what = decision ?? 'undecided';
  if (lacks.length > 0)
    return `is ${what}, and no message of it is under way, but ${lacks.join(', ')}`;
  if (decision === undefined && lines.every(({ isRecorded }) => isRecorded))
    return 'is undecided, though all its lines are reserved';
  return undefined;
}

function lackOf(
  { said, settled, isRecorded }: OpenLine,
  decision: string | undefined,
): string | undefined {
  if (said === undefined) return 'was never decided by inventory';
  if (decision === undefined) return isRecorded ? undefined : `is ${said} without an effect`;
  if (said === 'StockRejected') return undefined;
  const due = decision === 'OrderConfirmed' ? 'StockSold' : 'StockReleased';
  return settled === due ? undefined : `is ${said} and has no ${due}`;
}
