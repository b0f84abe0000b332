// The users service's routes: the demo's two, and the question that orders may ask.
import { Router } from 'express';
import { userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { handleCommand, type CommandLog } from '@orderflow/shared/eventstore/commandHandler.ts';
import { ConflictError, type EventMetadata } from '@orderflow/shared/eventstore/eventStore.ts';
import { sendDemoList } from '@orderflow/shared/http/demoList.ts';
import { metadataOf } from '@orderflow/shared/http/metadata.ts';
import { RequestRefusal } from '@orderflow/shared/http/problem.ts';
import { parseBody } from '@orderflow/shared/http/server.ts';
import { parseRequest } from '@orderflow/shared/http/validate.ts';
import { userDecider, type RegisterUser } from '../domain/decideRegistration.ts';
import { userStream, type UserEvent } from '../domain/user.ts';
import { EMAIL_TAKEN, personalDataOf } from '../readmodel/personalData.ts';
import type { ListedUser, UserQueries } from '../readmodel/users.ts';
import { listUsersQuery, registerUserBody, userIdParams } from './schemas.ts';

export interface UserRoutesDeps {
  readonly log: CommandLog<UserEvent>;
  readonly users: UserQueries;
  readonly nextUserId: () => Promise<number>;
  readonly newUuid: () => string;
  /** The time, ISO 8601 with milliseconds. */
  readonly now: () => string;
}

/** The routes. Paths match in any case and with a trailing slash, as in the demo. */
export function createUserRoutes(deps: UserRoutesDeps): Router {
  const router = Router();

  router.post('/user', ...parseBody(), async (request, response) => {
    const { email } = parseRequest(registerUserBody, request.body);
    const userId = userIdSchema.parse(await deps.nextUserId());
    const command = { type: 'RegisterUser', userId, uuid: deps.newUuid(), at: deps.now() } as const;
    await register(deps, command, email, metadataOf(request));
    const { uuid, at } = command;
    response.json({ resp: { id: userId, email, uuid, updated_at: at, created_at: at } });
  });

  router.get('/users', async (request, response) => {
    const { after } = parseRequest(listUsersQuery, request.query);
    await sendDemoList(response, {
      after,
      read: (from, limit) => deps.users.list(from, limit),
      idOf: ({ userId }) => userId,
      show: demoUser,
      path: '/users',
    });
  });

  router.get('/internal/users/:userId', async (request, response) => {
    const { userId } = parseRequest(userIdParams, request.params);
    if (!(await deps.users.exists(userId)))
      throw new RequestRefusal('not_found', `There is no user ${userId}`);
    response.json({ id: userId });
  });

  return router;
}

/** Event and e-mail in one transaction. That the e-mail is free is the vault's unique key: a look before would race. */
async function register(
  deps: UserRoutesDeps,
  command: RegisterUser,
  email: string,
  metadata: EventMetadata,
): Promise<void> {
  const { userId } = command;
  try {
    const outcome = await handleCommand({
      log: deps.log,
      decider: userDecider,
      streamId: userStream(userId),
      command,
      metadata,
      inserts: [personalDataOf(userId, email)],
    });
    if (outcome.kind === 'rejected') throw new Error(`User ${userId}: ${outcome.rejection}`);
  } catch (error) {
    const taken =
      error instanceof ConflictError && error.kind === 'unique' && error.subject === EMAIL_TAKEN;
    if (!taken) throw error;
    const message = 'A user with same email id already exists. Please login with the same email';
    throw new RequestRefusal('conflict', message, { cause: error });
  }
}

function demoUser({ userId, uuid, email, createdAt, updatedAt }: ListedUser) {
  return {
    id: userId,
    uuid,
    email,
    created_at: createdAt,
    updated_at: updatedAt,
    deleted_at: null,
  };
}
