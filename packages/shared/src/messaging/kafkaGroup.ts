// A member of a consumer group, as kafkajs has it: how it starts, and that it ends when it is told to.
import kafkajs, { type Consumer, type ConsumerConfig, type EachBatchPayload } from 'kafkajs';
import { failpoint } from '../runtime/failpoints.ts';
import { kafkaRefusal, throwFailure } from './kafkaErrors.ts';
import { GROUP_LIMITS, LEAVE_TIMEOUT_MS, PARTITIONS_AT_ONCE } from './kafkaLimits.ts';
import type { KafkaAccess } from './kafkaSecurity.ts';
import { closeQuietly } from './kafkaSockets.ts';
import { partitionsByTopic } from './partitionState.ts';
import type { FetchedBatch, GroupConnection, GroupMember } from './transport.ts';

/** Makes a member; it is connected by `start`. What `start` throws about the broker is an AppError. */
export function createGroupConnection(
  createConsumer: (config: ConsumerConfig) => Consumer,
  group: { readonly groupId: string; readonly topics: readonly string[] },
  member: GroupMember,
  access: KafkaAccess,
): GroupConnection {
  let isStopped = false;
  const consumer = createConsumer({
    groupId: group.groupId,
    ...GROUP_LIMITS,
    // After a crash kafkajs disconnects, and only then sets the timer of the next start: without this, a stop that comes
    // meanwhile clears no timer, and the member joins again with nobody who would ever end it.
    retry: { ...GROUP_LIMITS.retry, restartOnFailure: () => Promise.resolve(!isStopped) },
    allowAutoTopicCreation: false,
  });
  const leaving = createLeaving(consumer);
  listenTo(consumer, access, member);
  const start = async (): Promise<void> => {
    await consumer.connect();
    await consumer.subscribe({ topics: [...group.topics], fromBeginning: true });
    if (isStopped) {
      await closeQuietly(() => consumer.disconnect());
      return;
    }
    leaving.noteJoining();
    await consumer.run({
      // With it on, kafkajs commits after every batch whatever the interval. The cursor in MySQL is what counts.
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => member.onBatch(fetchedBatch(payload)),
    });
  };
  return {
    ...movesOf(consumer),
    start: () => start().catch(throwFailure(access)),
    async stop() {
      isStopped = true;
      await closeQuietly(() => leaving.leave(), LEAVE_TIMEOUT_MS);
    },
  };
}

type Moves = Pick<GroupConnection, 'seek' | 'pause' | 'resume' | 'commitOffsets'>;

function movesOf(consumer: Consumer): Moves {
  return {
    seek: ({ topic, partition }, offset) => {
      ifJoined(() => {
        consumer.seek({ topic, partition, offset: String(offset) });
      });
    },
    pause: (partitions) => {
      ifJoined(() => {
        consumer.pause(partitionsByTopic(partitions));
      });
    },
    resume: (partitions) => {
      ifJoined(() => {
        consumer.resume(partitionsByTopic(partitions));
      });
    },
    async commitOffsets(offsets) {
      failpoint('offsets.before-commit');
      await consumer.commitOffsets(offsets.map((at) => ({ ...at, offset: String(at.offset) })));
      failpoint('offsets.committed');
    },
  };
}

/** Ends a member, whatever it is doing. */
interface Leaving {
  /** To be called before each `run`. */
  noteJoining(): void;
  /** Resolves when the member is out of its group and disconnected. */
  leave(): Promise<void>;
}

/**
 * kafkajs' `disconnect` forgets a runner that is still joining without ending it: the join goes through, the member
 * beats on and keeps its partitions, and no later `disconnect` reaches it. So one that is joining is left alone until
 * its first fetch, which shows that it can be ended, or until its crash, which ends it.
 */
function createLeaving(consumer: Consumer): Leaving {
  const left = Promise.withResolvers<undefined>();
  let isJoining = false;
  let isLeaving = false;
  const disconnect = (): void => {
    consumer.disconnect().then(() => {
      left.resolve(undefined);
    }, left.reject);
  };
  const noteJoined = (): void => {
    if (!isJoining) return;
    isJoining = false;
    if (isLeaving) disconnect();
  };
  consumer.on('consumer.fetch_start', noteJoined);
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) noteJoined();
    else isJoining = true;
  });
  return {
    noteJoining() {
      isJoining = true;
    },
    leave() {
      isLeaving = true;
      if (!isJoining) disconnect();
      return left.promise;
    },
  };
}

function listenTo(consumer: Consumer, access: KafkaAccess, member: GroupMember): void {
  consumer.on('consumer.group_join', ({ payload }) => {
    member.onAssigned(
      Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      ),
    );
  });
  consumer.on('consumer.crash', ({ payload }) => {
    member.onCrash(kafkaRefusal(payload.error, access) ?? payload.error, payload.restart);
  });
}

function fetchedBatch(payload: EachBatchPayload): FetchedBatch {
  return {
    topic: payload.batch.topic,
    partition: payload.batch.partition,
    records: payload.batch.messages.map(({ offset, value }) => ({ offset: BigInt(offset), value })),
    resolve: (offset) => {
      payload.resolveOffset(String(offset));
    },
    heartbeat: () => payload.heartbeat(),
    isCurrent: () => payload.isRunning() && !payload.isStale(),
  };
}

/** kafkajs throws while it is between two connections; the next join pauses and seeks anew. */
function ifJoined(act: () => ReturnType<Consumer['seek']>): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof kafkajs.KafkaJSNonRetriableError)) throw error;
  }
}
