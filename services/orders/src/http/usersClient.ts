// The one question that orders asks another service by HTTP: is there a user that no message has told of yet?
import { Agent, get } from 'node:http';
import type { UserId } from '@orderflow/shared/contracts/ids.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';

const TIMEOUT_MS = 2_000;
/** Questions under way at once; the others wait for a connection, within the same time-out. */
const CONNECTIONS = 16;
/** Shorter than the users service keeps an idle connection, so that none is closed under a question. */
const IDLE_CONNECTION_MS = 30_000;

export interface UsersClient {
  /** Throws a retryable AppError when the users service gives no answer. */
  exists(userId: UserId, correlationId: string): Promise<boolean>;
}

/** Asks the users service at `url`. A user who is asked for already is not asked for again: all get the same answer. */
export function createUsersClient(url: string): UsersClient {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: CONNECTIONS,
    timeout: IDLE_CONNECTION_MS,
  });
  const asked = new Map<UserId, Promise<boolean>>();

  async function ask(userId: UserId, correlationId: string): Promise<boolean> {
    const path = `/internal/users/${userId}`;
    const status = await statusOf(new URL(path, url), agent, correlationId);
    if (status === 200) return true;
    if (status === 404) return false;
    throw unavailable(new Error(`GET ${path} was answered ${status}`));
  }

  return {
    exists(userId, correlationId) {
      const underWay = asked.get(userId);
      if (underWay !== undefined) return underWay;
      const answer = ask(userId, correlationId).finally(() => asked.delete(userId));
      asked.set(userId, answer);
      return answer;
    },
  };
}

function statusOf(url: URL, agent: Agent, correlationId: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => {
      reject(unavailable(cause));
    };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const headers = { 'x-request-id': correlationId };
    get(url, { agent, headers, signal }, (response) => {
      response.on('error', fail);
      // An unread body would keep the connection from being used again.
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    }).on('error', fail);
  });
}

function unavailable(cause: unknown): AppError {
  const message = 'It is not known yet whether the user exists, try again';
  return new AppError('users_unavailable', message, { retryable: true, cause });
}
