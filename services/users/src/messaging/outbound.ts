// The users' events as the contract's messages: one each, keyed by the user.
import { usersMessageSchemas, type UsersMessage } from '@orderflow/shared/contracts/users.ts';
import type { RecordedEvent } from '@orderflow/shared/eventstore/eventStore.ts';
import type { OutboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import type { UserEvent } from '../domain/user.ts';

/** What users.v1 says of an event. */
export function toMessages({ event }: RecordedEvent<UserEvent>): readonly OutboundMessage[] {
  const { userId, at } = event.data;
  const message: UsersMessage = { type: 'UserRegistered', data: { userId, at } };
  const schemaVersion = usersMessageSchemas[message.type].current;
  return [{ key: String(userId), schemaVersion, ...message }];
}
