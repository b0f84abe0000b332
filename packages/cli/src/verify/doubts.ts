// What may be lawful and may be somebody's hand: told by name, and counted as no breach.
import { comparePlaces } from '@orderflow/shared/messaging/chain.ts';
import { DATA_SERVICES, type DataService } from '../config.ts';
import type { Cut } from '../cut.ts';
import { isRelayLed, type ServiceCursors } from './cursors.ts';
import type { TopicBook } from './topicBook.ts';

/**
 * Relay cursors that stand before what consumers have handled. While a relay leads, its cursors in memory count and are
 * stored once a second, so what the rows lack then says nothing, and what somebody writes there is gone a second later.
 */
export async function relayDoubts(
  topics: Readonly<Record<DataService, TopicBook>>,
  cursors: Readonly<Record<DataService, ServiceCursors>>,
  snapshots: Cut['snapshots'],
): Promise<readonly string[]> {
  const doubts: string[] = [];
  for (const publisher of DATA_SERVICES)
    if (!(await isRelayLed(snapshots[publisher])))
      doubts.push(...doubtsOf(topics[publisher], cursors));
  return doubts;
}

function doubtsOf(
  book: TopicBook,
  cursors: Readonly<Record<DataService, ServiceCursors>>,
): readonly string[] {
  return DATA_SERVICES.flatMap((consumer) =>
    cursors[consumer].consumer
      .filter(({ topic }) => topic === book.topic)
      // One that stands beyond the log is told as a breach, and is no measure of others.
      .filter(({ partition, place }) => comparePlaces(place, book.last(partition)) <= 0)
      .flatMap(
        ({ partition, place }) => book.relay.behindHandled(partition, place, consumer) ?? [],
      ),
  );
}
