// Asking a publisher to send again: the body of `POST /internal/relay/rewind`, its handler, and its client.
import { z } from 'zod';
import { AppError } from '../runtime/appError.ts';
import { formatPlace, parsePlace, type Place } from './chain.ts';

/** The route, on the internal port of every service that publishes. */
export const REWIND_PATH = '/internal/relay/rewind';

const REQUEST_TIMEOUT_MS = 3_000;

/** What a consumer asks for: everything behind `place` in this partition, again. */
export const rewindRequestSchema = z.object({
  topic: z.string().min(1),
  partition: z.int().min(0),
  place: z.string().transform((text, context) => {
    try {
      return parsePlace(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: String(error) });
      return z.NEVER;
    }
  }),
});

/** A parsed request. */
export type RewindRequest = z.infer<typeof rewindRequestSchema>;

/**
 * Asks the service at `publisherUrl` to rewind. Resolves when it has recorded the wish; the messages come later, through
 * Kafka. Throws a retryable AppError 'rewind_failed' otherwise.
 */
export async function askForRewind(
  publisherUrl: string,
  request: { readonly topic: string; readonly partition: number; readonly place: Place },
): Promise<void> {
  const { topic, partition, place } = request;
  try {
    const response = await fetch(new URL(REWIND_PATH, publisherUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ topic, partition, place: formatPlace(place) }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`it answered ${response.status}`);
  } catch (error) {
    throw new AppError(
      'rewind_failed',
      `${publisherUrl} did not take the request to send ${topic}/${partition} again`,
      { retryable: true, cause: error },
    );
  }
}
