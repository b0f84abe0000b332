// The broker as one process sees it: the contract of transport.ts, with all that can become of a send.
import {
  MessageTooLargeError,
  type MessageBroker,
  type OutgoingRecord,
  type Producer,
} from '@orderflow/shared/messaging/transport.ts';
import type { SendTrouble } from './faults.ts';
import type { SimKafka } from './kafka.ts';
import { Member } from './member.ts';
import { request, slowness } from './request.ts';
import { latencyMs, never, type SimProcess, type World } from './world.ts';

/** How long a producer waits for an acknowledgement that does not come. */
const SEND_TIMEOUT_MS = [200, 1_500] as const;

/** Opens the broker for a process. */
export function openBroker(world: World, process: SimProcess, kafka: SimKafka): MessageBroker {
  const ask = <T>(effect: () => T): Promise<T> =>
    request({ world, process, server: kafka, step: 'ask' }, effect);
  return {
    createProducer: () => ask(() => new SimProducer(world, process, kafka)),
    createGroupConnection: ({ groupId, topics }, told) =>
      new Member(world, process, kafka, kafka.group(groupId), topics, told),
    partitionCount: (topic) => ask(() => kafka.topics.get(topic)?.length),
    createTopic: (topic, partitionCount) =>
      ask(() => {
        kafka.create(topic, partitionCount);
      }),
    readOffsets: (topic) => ask(() => kafka.offsets(topic)),
  };
}

/** A sender. What it has sent is on its way whether its process lives or not. */
class SimProducer implements Producer {
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #kafka: SimKafka;
  #isSending = false;

  constructor(world: World, process: SimProcess, kafka: SimKafka) {
    this.#world = world;
    this.#process = process;
    this.#kafka = kafka;
  }

  async send(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
    if (this.#isSending) throw new Error('A producer sends one batch at a time');
    this.#isSending = true;
    try {
      await this.#send(topic, records);
    } finally {
      this.#isSending = false;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #send(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
    const world = this.#world;
    const process = this.#process;
    const faults = world.stepFaults.take(process.name, 'send');
    await world.sleep(process, slowness(faults, 'before'));
    for (const fault of faults) {
      if (fault.kind === 'send') await this.#sendBadly(topic, records, fault);
      if (fault.kind !== 'crash' || fault.when === 'after') continue;
      if (fault.when === 'inside') this.#store(topic, records, world.random.between(0, 300));
      world.crash(process, fault.downMs);
      await never();
    }
    const arrival = this.#store(topic, records, latencyMs(world.random, 'send'));
    await world.sleep(process, arrival.ms + latencyMs(world.random, 'send') / 2);
    for (const fault of faults) {
      if (fault.kind !== 'crash' || fault.when !== 'after') continue;
      world.crash(process, fault.downMs);
      await never();
    }
    await world.sleep(process, slowness(faults, 'after'));
    if (!arrival.isStored) throw new Error(`${topic}: not stored`);
  }

  /** On behalf of nobody: what is on its way arrives, also when its sender has died. */
  #store(topic: string, records: readonly OutgoingRecord[], ms: number) {
    const arrival = { ms, isStored: false };
    this.#world.later(ms, () => {
      if (this.#kafka.isAway || !this.#kafka.topics.has(topic)) return;
      this.#kafka.append(topic, records);
      arrival.isStored = true;
    });
    return arrival;
  }

  /** Throws, unless the send goes on as if nothing was. */
  async #sendBadly(
    topic: string,
    records: readonly OutgoingRecord[],
    { how, ms }: SendTrouble,
  ): Promise<void> {
    const { random } = this.#world;
    const soonMs = latencyMs(random, 'send');
    switch (how) {
      case 'repeated':
        this.#store(topic, records, soonMs);
        return;
      case 'too_large':
        if (records.length < 2) return;
        throw new MessageTooLargeError(`${topic}: too large`);
      case 'late':
        this.#store(topic, records, ms);
        break;
      case 'unacknowledged':
        this.#store(topic, records, soonMs);
        break;
      case 'partial': {
        const partition = records[0]?.partition;
        const some = records.filter((record) => record.partition === partition);
        this.#store(topic, some, soonMs);
        break;
      }
      case 'dropped':
        break;
    }
    await this.#world.sleep(this.#process, random.between(...SEND_TIMEOUT_MS));
    throw new Error(`${topic}: no acknowledgement`);
  }
}
