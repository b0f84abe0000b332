// The users service, composed from its dependencies: no I/O here, so the same service runs on any store.
import type { Router } from 'express';
import { USERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import { readModel } from '@orderflow/shared/runtime/schema.ts';
import { userDecider } from './domain/decideRegistration.ts';
import { userCodec } from './eventCodec.ts';
import { createUserRoutes, type UserRoutesDeps } from './http/routes.ts';
import { toMessages } from './messaging/outbound.ts';
import { Users1763800000100 } from './migrations/users1763800000100.ts';
import { personalDataEntity } from './readmodel/personalData.ts';
import { usersEntity, usersProjection } from './readmodel/users.ts';

/** What the service is made of before anything is connected. */
export const usersParts = {
  schema: {
    tables: [
      readModel(usersEntity),
      { entity: personalDataEntity, grants: ['SELECT', 'INSERT'] as const },
    ],
    migrations: [Users1763800000100],
  },
  codec: userCodec,
  decider: userDecider,
  projections: [usersProjection],
  topic: USERS_TOPIC,
  toMessages,
};

/** The service at work. It listens to nobody. */
export function createUsersApp(deps: UserRoutesDeps): { readonly routes: Router } {
  return { routes: createUserRoutes(deps) };
}
