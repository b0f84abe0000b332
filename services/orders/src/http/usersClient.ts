// The one question that orders asks another service by HTTP: is there a user that no message has told of yet?
import type { UserId } from '@orderflow/shared/contracts/ids.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';

const TIMEOUT_MS = 2_000;

export interface UsersClient {
  /** Throws a retryable AppError when the users service gives no answer. */
  exists(userId: UserId): Promise<boolean>;
}

/** Asks the users service at `url`. */
export function createUsersClient(url: string): UsersClient {
  return {
    async exists(userId) {
      const status = await ask(`${url}/internal/users/${userId}`);
      if (status === 200) return true;
      if (status === 404) return false;
      throw unavailable(new Error(`GET /internal/users/${userId} was answered ${status}`));
    },
  };
}

async function ask(url: string): Promise<number> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    // An unread body would keep the connection from being used again.
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    throw unavailable(error);
  }
}

function unavailable(cause: unknown): AppError {
  const message = 'It is not known yet whether the user exists, try again';
  return new AppError('users_unavailable', message, { retryable: true, cause });
}
