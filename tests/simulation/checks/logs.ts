// The logs themselves: positions without a gap, versions without a gap, hashes that chain.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import { findBrokenLink } from '@orderflow/shared/eventstore/hashChain.ts';
import type { Contents } from '@orderflow/shared/eventstore/memoryEventStore.ts';

/** Every breach of one log, in words. */
export function checkLog(service: string, { log }: Contents<DomainEvent>): readonly string[] {
  const breaches: string[] = [];
  let incarnation = 0;
  for (const [index, { recorded }] of log.entries()) {
    if (recorded.position !== index + 1)
      breaches.push(`The log of ${service} has ${recorded.position} in place ${index + 1}`);
    if (recorded.incarnation < incarnation)
      breaches.push(`The log of ${service} goes back to an incarnation at ${recorded.position}`);
    ({ incarnation } = recorded);
  }
  const streams = Map.groupBy(log, ({ recorded }) => recorded.streamId);
  for (const [streamId, events] of streams) {
    const links = events.map(({ recorded, stored }) => ({ ...stored, hash: recorded.hash }));
    const broken = findBrokenLink(links);
    if (broken !== undefined)
      breaches.push(`The hash chain of ${streamId} breaks at version ${broken.version}`);
  }
  return breaches;
}
