// Parked messages of one key decided again, in order: what one transaction will carry, and which of them leave with it.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { KeptMessage, RecordedEvent, Redrive, Unit, Wish } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import { addReaction, appendDecisions, type PlanDeps } from './batchPlan.ts';
import { parseEnvelope } from './envelope.ts';
import { describeError, MAX_REASON_LENGTH, OpenBatch, UNREADABLE_KEY } from './openBatch.ts';
import { DropRefusal } from './reaction.ts';
import { BatchStates } from './stateCache.ts';

/** What was decided in memory; `publish` after its commit. */
export interface RedrivePlan<Event extends DomainEvent, Fact extends DomainEvent> {
  readonly unit: Unit<Event, Fact> & { readonly redrive: Redrive };
  /** The message that failed again, or may not be dropped, with its answer; it and what follows stay parked. */
  readonly refused: Redrive['kept'];
  /** Something outside failed: what stands before it counts, the rest waits with its wish. */
  readonly stalled: AppError | undefined;
  readonly publish: (recorded: readonly RecordedEvent<Event>[]) => void;
}

/**
 * Decides `rows`, the first messages of a key, by what is wished at the first of them: 'drop' takes that one alone,
 * 'retry' all up to one that fails. The row after those that leave carries the wish on, so that a process that dies
 * between two transactions has forgotten nothing. `failure`: the first row's transaction has failed for this reason,
 * so it stays. Throws what reading streams throws, unless it belongs to a message.
 */
export async function planRedrive<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: PlanDeps<State, Event, Fact>,
  rows: readonly KeptMessage[],
  rowAfter: KeptMessage | undefined,
  wish: Wish,
  failure?: string,
): Promise<RedrivePlan<Event, Fact>> {
  const [first] = rows;
  if (first === undefined) throw new Error('There is nothing to redrive');
  const { consumer, topic, key } = first;
  const states = new BatchStates<State, Event>(deps.store, deps.evolution, deps.cache);
  const batch = new OpenBatch<Event, Fact>(consumer, new Set(), deps.now);
  const open = wish === 'drop' ? [first] : rows;
  let handled = 0;
  let failed = failure;
  let stalled: AppError | undefined;
  while (failed === undefined && stalled === undefined && handled < open.length) {
    try {
      await redo(deps, batch, states, open[handled] ?? first, wish);
      handled += 1;
    } catch (error) {
      if (error instanceof AppError && error.retryable) stalled = error;
      else failed = error instanceof DropRefusal ? error.message : describeError(error);
    }
  }
  const refused = failed === undefined ? undefined : refusal(open[handled] ?? first, wish, failed);
  const next = wish === 'retry' ? (rows[handled] ?? rowAfter) : undefined;
  const removed = open.slice(0, handled).map(({ place }) => place);
  return {
    unit: {
      ...batch.close([]).unit,
      redrive: { key: { consumer, topic, key }, wish, removed, kept: refused ?? carryingOn(next) },
    },
    ...{ refused, stalled },
    publish: (recorded) => {
      states.publish(recorded);
    },
  };
}

/** The wish is over; a retry has a new reason to be parked for. */
function refusal(row: KeptMessage, wish: Wish, why: string): Redrive['kept'] {
  const { place, reason } = row;
  if (wish === 'drop')
    return { place, reason, wish: null, answer: `not dropped: ${why}`.slice(0, MAX_REASON_LENGTH) };
  return { place, reason: why, wish: null, answer: 'tried again, and failed again' };
}

function carryingOn(next: KeptMessage | undefined): Redrive['kept'] {
  if (next === undefined) return undefined;
  const { place, reason, answer } = next;
  return { place, reason, answer, wish: 'retry' };
}

async function redo<State, Event extends DomainEvent, Fact extends DomainEvent>(
  { reactions }: PlanDeps<State, Event, Fact>,
  batch: OpenBatch<Event, Fact>,
  states: BatchStates<State, Event>,
  row: KeptMessage,
  wish: Wish,
): Promise<void> {
  if (row.key === UNREADABLE_KEY) {
    // It stands in nobody's chain: were it one of the publisher's messages, the gap that it left would have brought it
    // again.
    if (wish === 'drop') return;
    throw new Error('It is no message, so there is nothing to handle: look at it, and drop it');
  }
  const message = parseEnvelope(row.value);
  const fact = reactions.parse(message);
  // A type that this service passes over, in this build: as it would have been in its place.
  if (fact === undefined) return;
  if (wish !== 'drop') {
    await addReaction({ reactions }, batch, states, fact, message);
    return;
  }
  if (reactions.drop === undefined)
    throw new DropRefusal(
      `this service must handle every ${message.type}: mend what fails, then retry`,
    );
  const load = async (streamId: string): Promise<State> => (await states.read(streamId)).state;
  await appendDecisions(batch, states, await reactions.drop(fact, load), message);
}
