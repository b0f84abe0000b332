// One batch decided in memory: what one transaction will carry, and how far each partition is after it.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { RecordedEvent } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import type { Place } from './chain.ts';
import type { InboundMessage } from './envelope.ts';
import { judgeRecords, type Judged, type NextMessage } from './judgement.ts';
import { describeError, OpenBatch, type BatchContent } from './openBatch.ts';
import type { PartitionState, Progress } from './partitionState.ts';
import type { Reactions, StreamDecision } from './reaction.ts';
import type { Evolution, StateSource } from './loadStates.ts';
import { BatchStates, type StateCache } from './stateCache.ts';
import type { IncomingRecord } from './transport.ts';

const FOLLOWER_REASON = 'a message of the same key was parked before it';

/** Records of one partition, in order. */
export interface Slice {
  readonly state: PartitionState;
  readonly records: readonly IncomingRecord[];
  readonly gapIsOpen: boolean;
  /** The slice is one record, and its transaction failed for this reason: it is parked instead of handled. */
  readonly parkFor?: string;
}

/** What became of a slice in memory. */
export interface SlicePlan {
  readonly state: PartitionState;
  readonly after: Progress;
  /** The first message that does not fit, if the slice ends in a gap. */
  readonly gap: { readonly cursor: Place; readonly message: InboundMessage } | undefined;
  /** True if a message came that was the next one: a gap before it is closed. */
  readonly moved: boolean;
  /** The error that ended the slice early: what stands before it counts, the rest waits. */
  readonly stalled: AppError | undefined;
}

/** A batch that was decided; `publish` after its commit, with what it recorded. */
export interface BatchPlan<
  Event extends DomainEvent,
  Fact extends DomainEvent,
> extends BatchContent<Event, Fact> {
  readonly slices: readonly SlicePlan[];
  readonly publish: (recorded: readonly RecordedEvent<Event>[]) => void;
}

/** What deciding needs. */
export interface PlanDeps<State, Event extends DomainEvent, Fact extends DomainEvent> {
  readonly consumer: string;
  readonly store: StateSource<Event>;
  readonly reactions: Reactions<State, Event, Fact>;
  readonly evolution: Evolution<State, Event>;
  readonly cache: StateCache<State>;
  /** Milliseconds since 1970, for the time at which a message is parked. */
  readonly now: () => number;
}

/** A message with what its parsing gave. */
type Parsed<Fact> =
  | { readonly kind: 'fact'; readonly fact: Fact }
  | { readonly kind: 'passed over' }
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * Decides the slices, in the order given. Nothing outside changes. Never throws for a message: what a message causes
 * becomes a parked row (poison) or the end of its slice (a retryable AppError). Throws what reading streams throws.
 */
export async function planBatch<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: PlanDeps<State, Event, Fact>,
  slices: readonly Slice[],
  parkedBefore: ReadonlySet<string>,
): Promise<BatchPlan<Event, Fact>> {
  const states = new BatchStates<State, Event>(deps.store, deps.evolution, deps.cache);
  const batch = new OpenBatch<Event, Fact>(deps.consumer, parkedBefore, deps.now);
  const work = slices.map((slice) => ({
    slice,
    judged: judgeRecords(slice.state, slice.gapIsOpen, slice.records, slice.state.history),
  }));
  const parsed = new Map<Judged, Parsed<Fact>>();
  const streamIds = new Set<string>();
  for (const { slice, judged } of work) {
    for (const item of judged) {
      if (item.kind !== 'next') continue;
      const result = parse(deps.reactions, item.message);
      parsed.set(item, result);
      // What is parked unhandled must not fail for a stream that cannot be read: that may be why it is parked.
      if (result.kind !== 'fact' || slice.parkFor !== undefined) continue;
      for (const streamId of deps.reactions.streamsOf?.(result.fact) ?? []) streamIds.add(streamId);
    }
  }
  await prefetch(states, streamIds);
  const plans: SlicePlan[] = [];
  for (const { slice, judged } of work) {
    plans.push(await planSlice(deps, batch, states, slice, judged, parsed));
  }
  return {
    slices: plans,
    ...batch.close(plans),
    publish: (recorded) => {
      states.publish(recorded);
    },
  };
}

/** All streams of the batch at once. One that a newer build has written fails its own messages, not those of others. */
async function prefetch<State, Event extends DomainEvent>(
  states: BatchStates<State, Event>,
  streamIds: ReadonlySet<string>,
): Promise<void> {
  try {
    await states.prefetch(streamIds);
  } catch (error) {
    // Then each message reads its own streams, and the partition of the one that cannot be read waits.
    if (!(error instanceof AppError && error.code === 'newer_schema')) throw error;
  }
}

async function planSlice<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: PlanDeps<State, Event, Fact>,
  batch: OpenBatch<Event, Fact>,
  states: BatchStates<State, Event>,
  slice: Slice,
  judged: readonly Judged[],
  parsed: ReadonlyMap<Judged, Parsed<Fact>>,
): Promise<SlicePlan> {
  const { state } = slice;
  let after: Progress = state;
  let gap: SlicePlan['gap'];
  let moved = false;
  for (const item of judged) {
    switch (item.kind) {
      case 'repeat':
        break;
      case 'gap':
        gap ??= { cursor: item.cursor, message: item.message };
        break;
      case 'unreadable':
        // Closes no gap: it has no place, so it is never the missing message.
        batch.parkUnreadable(state, item.record, item.reason);
        break;
      case 'next': {
        const error = await settle(deps, batch, states, slice, item, parsed.get(item));
        if (error !== undefined) return { state, after, moved, gap, stalled: error };
        gap = undefined;
        moved = true;
        break;
      }
    }
    after = item.after;
  }
  return { state, after, moved, gap, stalled: undefined };
}

/** Handles or parks one message; gives the error if it must wait instead. */
async function settle<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: PlanDeps<State, Event, Fact>,
  batch: OpenBatch<Event, Fact>,
  states: BatchStates<State, Event>,
  slice: Slice,
  item: NextMessage,
  parsed: Parsed<Fact> | undefined,
): Promise<AppError | undefined> {
  const { state, parkFor } = slice;
  if (batch.isParked(state.topic, item.message.key)) {
    batch.park(state, item, FOLLOWER_REASON, 'follower');
    return undefined;
  }
  if (parkFor !== undefined) {
    batch.park(state, item, parkFor, 'poison');
    return undefined;
  }
  try {
    if (parsed?.kind === 'failed') throw parsed.error;
    if (parsed?.kind === 'fact') await addReaction(deps, batch, states, parsed.fact, item.message);
  } catch (error) {
    if (error instanceof AppError && error.retryable) return error;
    batch.park(state, item, describeError(error), 'poison');
  }
  return undefined;
}

/** Adds what the fact leads to. All of it or, if it throws, nothing: it is kept only when `react` has returned. */
export async function addReaction<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: Pick<PlanDeps<State, Event, Fact>, 'reactions'>,
  batch: OpenBatch<Event, Fact>,
  states: BatchStates<State, Event>,
  fact: Fact,
  message: InboundMessage,
): Promise<void> {
  const load = async (streamId: string): Promise<State> => (await states.read(streamId)).state;
  const decisions = await deps.reactions.react(fact, load);
  await appendDecisions(batch, states, decisions, message);
  batch.addFact(fact);
}

/** Adds a message's decisions to the batch. Throws what reading and `evolve` throw; nothing is added then. */
export async function appendDecisions<State, Event extends DomainEvent, Fact extends DomainEvent>(
  batch: OpenBatch<Event, Fact>,
  states: BatchStates<State, Event>,
  decisions: readonly StreamDecision<Event>[],
  message: InboundMessage,
): Promise<void> {
  await states.prefetch(decisions.map(({ streamId }) => streamId));
  const starts = states.applyAll(decisions);
  for (const [index, { streamId, events }] of decisions.entries())
    batch.append(streamId, starts[index] ?? { version: 0 }, events, message);
}

function parse<State, Event extends DomainEvent, Fact extends DomainEvent>(
  reactions: Reactions<State, Event, Fact>,
  message: InboundMessage,
): Parsed<Fact> {
  try {
    const fact = reactions.parse(message);
    return fact === undefined ? { kind: 'passed over' } : { kind: 'fact', fact };
  } catch (error) {
    return { kind: 'failed', error };
  }
}
