// The users' events as stored JSON: every schema version ever written.
import { z } from 'zod';
import { instantSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { createEventCodec } from '@orderflow/shared/eventstore/eventCodec.ts';
import type { UserEvent } from './domain/user.ts';

/** The codec of the users' log. Strict: a field that slipped in (an e-mail, say) is a bug, not a thing to pass over. */
export const userCodec = createEventCodec<UserEvent>({
  UserRegistered: [
    z.strictObject({ userId: userIdSchema, uuid: z.uuid(), at: instantSchema }).readonly(),
  ],
});
