// users.v1: what the users service tells the others. Ids only, nothing personal (promise P10). Key: userId.
import { z } from 'zod';
import { instantSchema, userIdSchema } from './ids.ts';
import { firstVersion } from './schemaVersions.ts';

const userRegisteredSchema = z.object({ userId: userIdSchema, at: instantSchema }).readonly();

/** The messages of users.v1, by type, with all their versions. */
export const usersMessageSchemas = { UserRegistered: firstVersion(userRegisteredSchema) } as const;

export type UsersMessage = { type: 'UserRegistered'; data: z.infer<typeof userRegisteredSchema> };
