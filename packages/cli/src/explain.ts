// What a database error means for whoever runs a verb over all three databases, and what to do about it.
import { isUnreachable, serverErrorSchema } from '@orderflow/shared/runtime/databaseErrors.ts';
import { DATA_SERVICES, type DataService, type ServiceDatabaseConfig } from './config.ts';

/** The server's words with a way out; an error of another kind as it is. */
export function explainDatabase(
  error: unknown,
  databases: Readonly<Record<DataService, ServiceDatabaseConfig>>,
): unknown {
  const cause = causeOf(error);
  const { code = 'no code', message = String(cause) } =
    serverErrorSchema.safeParse(cause).data ?? {};
  const is = (text: string) => new Error(`${text} (${code}: ${message})`, { cause: error });
  if (isUnreachable(cause)) {
    const places = DATA_SERVICES.map(
      (service) => `${databases[service].MYSQL_HOST}:${databases[service].MYSQL_PORT}`,
    );
    return is(
      `No MySQL answers at ${[...new Set(places)].join(', ')}: see that it runs (\`npm start\`), or MYSQL_HOST and MYSQL_PORT`,
    );
  }
  if (code.includes('ACCESS_DENIED'))
    return is(
      'A user of the services may not log in, or lacks rights: see <SERVICE>_MYSQL_USER and <SERVICE>_MYSQL_PASSWORD',
    );
  if (code === 'ER_NO_SUCH_TABLE' || code === 'ER_BAD_DB_ERROR')
    return is(
      'A database is not there, or not complete: run `orderflow migrate` for each service, or see <SERVICE>_MYSQL_DATABASE',
    );
  return error;
}

/** The driver's error in what the services make of it. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}
