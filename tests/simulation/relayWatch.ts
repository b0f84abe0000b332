// A relay's cursor says what was sent. Watched while it moves: what lies between two of its places must have been stored
// since the last rewind, or the rewind was undone by somebody who did not know of it.
import { comparePlaces, formatPlace } from '@orderflow/shared/messaging/chain.ts';
import type { RelayCursor, RelayPositions } from '@orderflow/shared/messaging/relayPositions.ts';
import type { ServiceName } from './faults.ts';
import { FLOWS, messagesOf } from './rest.ts';
import type { Shop } from './shop.ts';

/** The positions of a service's relay, each move of which is looked at. */
export function watchedPositions(
  shop: Shop,
  service: ServiceName,
  positions: RelayPositions,
): RelayPositions {
  const cursors = (): readonly RelayCursor[] =>
    shop.databases[service].relayTable(shop.plan.partitionCount).cursors;
  const watched = async <T>(act: () => Promise<T>): Promise<T> => {
    const before = cursors();
    const result = await act();
    checkMoves(shop, service, before, cursors());
    return result;
  };
  return {
    acquire: (...of) => positions.acquire(...of),
    reload: (...of) => positions.reload(...of),
    save: (...of) => watched(() => positions.save(...of)),
    release: (...of) => watched(() => positions.release(...of)),
    async rewind(partition, place, headIncarnation) {
      await positions.rewind(partition, place, headIncarnation);
      shop.rewoundAt.set(`${service}/${partition}`, shop.kafka.stored.length);
    },
  };
}

function checkMoves(
  shop: Shop,
  service: ServiceName,
  before: readonly RelayCursor[],
  after: readonly RelayCursor[],
): void {
  const topic = FLOWS.find(({ publisher }) => publisher === service)?.topic;
  for (const [partition, { place: to }] of after.entries()) {
    const from = before[partition]?.place;
    const rewoundAt = shop.rewoundAt.get(`${service}/${partition}`);
    // Never rewound: what was sent before is not lost track of, and the rest of the checks see to it.
    if (from === undefined || rewoundAt === undefined || comparePlaces(to, from) <= 0) continue;
    const stored = new Set(
      shop.kafka.stored
        .slice(rewoundAt)
        .flatMap((each) => (each.topic === topic ? [each.place] : [])),
    );
    for (const message of messagesOf(shop, service)) {
      const isBetween =
        message.partition === partition &&
        comparePlaces(message.place, from) > 0 &&
        comparePlaces(message.place, to) <= 0;
      if (isBetween && !stored.has(formatPlace(message.place)))
        shop.world.breach(
          `P9: the relay of ${service} passes over ${formatPlace(message.place)}, which it was told to send again`,
        );
    }
  }
}
