// The users' events as stored JSON: every schema version ever written.
import { z } from 'zod';
import { instantSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { firstVersion } from '@orderflow/shared/contracts/schemaVersions.ts';
import { createEventCodec, type EventSchemas } from '@orderflow/shared/eventstore/eventCodec.ts';
import type { UserEvent } from './domain/user.ts';

/** Strict: a field that slipped in (an e-mail, say) is a bug, not a thing to pass over. */
export const userEventSchemas: EventSchemas<UserEvent> = {
  UserRegistered: firstVersion(
    z.strictObject({ userId: userIdSchema, uuid: z.uuid(), at: instantSchema }).readonly(),
  ),
};

/** The codec of the users' log. */
export const userCodec = createEventCodec(userEventSchemas);
