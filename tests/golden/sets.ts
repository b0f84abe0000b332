// Whatever is written and read again later: the three logs and the three topics.
import path from 'node:path';
import { inventoryMessageSchemas } from '@orderflow/shared/contracts/inventory.ts';
import { ordersMessageSchemas } from '@orderflow/shared/contracts/orders.ts';
import { usersMessageSchemas } from '@orderflow/shared/contracts/users.ts';
import type { EventCodec } from '@orderflow/shared/eventstore/eventStore.ts';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import { parseEnvelope } from '@orderflow/shared/messaging/envelope.ts';
import { parseMessage } from '@orderflow/shared/messaging/parseMessage.ts';
import { productCodec, productEventSchemas } from '../../services/inventory/src/eventCodec.ts';
import { orderCodec, orderEventSchemas } from '../../services/orders/src/eventCodec.ts';
import { userCodec, userEventSchemas } from '../../services/users/src/eventCodec.ts';
import type { VersionedTypes } from './golden.ts';

/** A log or a topic. */
export interface GoldenSet {
  readonly name: string;
  readonly folder: string;
  readonly types: VersionedTypes;
  /** Reads an example as the running code does. Throws on what it cannot read. */
  readonly read: (type: string, version: number, written: unknown) => unknown;
}

function logOf(service: string, types: VersionedTypes, codec: EventCodec<DomainEvent>): GoldenSet {
  return {
    name: `the log of ${service}`,
    folder: path.join(import.meta.dirname, 'events', service),
    types,
    read: (type, version, written) => codec.parse(type, version, written),
  };
}

/** Of a message the whole record's value is kept, so that its envelope is held as well. */
function topicOf(topic: string, contract: VersionedTypes): GoldenSet {
  return {
    name: topic,
    folder: path.join(import.meta.dirname, 'messages', topic),
    types: contract,
    read(type, version, written) {
      const message = parseEnvelope(JSON.stringify(written));
      if (message.type !== type || message.schemaVersion !== version)
        throw new Error(`It is ${message.type} version ${message.schemaVersion}`);
      return parseMessage(contract, message);
    },
  };
}

export const goldenSets: readonly GoldenSet[] = [
  logOf('users', userEventSchemas, userCodec),
  logOf('inventory', productEventSchemas, productCodec),
  logOf('orders', orderEventSchemas, orderCodec),
  topicOf('users.v1', usersMessageSchemas),
  topicOf('inventory.v1', inventoryMessageSchemas),
  topicOf('orders.v1', ordersMessageSchemas),
];
