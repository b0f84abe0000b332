// The users service's process.
import { randomUUID } from 'node:crypto';
import { runService } from '@orderflow/shared/runtime/lifecycle.ts';
import { startService } from '@orderflow/shared/runtime/service.ts';
import { createUsersApp, usersParts } from './app.ts';
import { readUsersConfig } from './config.ts';
import { createUserQueries } from './readmodel/users.ts';

runService({
  name: 'users',
  readConfig: readUsersConfig,
  start: (context) =>
    startService(context, usersParts, ({ pool, log, idsOf }) => {
      const { routes } = createUsersApp({
        log,
        users: createUserQueries(pool),
        nextUserId: idsOf('users', 1),
        newUuid: randomUUID,
        now: () => new Date().toISOString(),
      });
      return { routes };
    }),
});
