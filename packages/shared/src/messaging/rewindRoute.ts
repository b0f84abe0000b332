// `POST /internal/relay/rewind {topic, partition, place}`: a consumer that has lost messages asks for them again.
import express, { type Router } from 'express';
import { RequestRefusal } from '../http/problem.ts';
import type { Place } from './chain.ts';
import { REWIND_PATH, rewindRequestSchema } from './rewind.ts';

/** What the route hands the request to: the messaging of the service that publishes `topic`. */
export interface RewindTarget {
  readonly topic: string;
  requestRewind(partition: number, place: Place): Promise<void>;
}

/**
 * The route, with its own body parser; answers when the wish is recorded. Refuses what is no such request ('invalid')
 * and a topic or partition that this service does not publish ('not_found'). For the other services, not for the
 * public: it makes the relay send again what it has sent, and changes nothing else.
 */
export function rewindRoute(target: RewindTarget): Router {
  const router = express.Router();
  router.post(REWIND_PATH, express.json({ limit: '4kb' }), async (request, response) => {
    const parsed = rewindRequestSchema.safeParse(request.body);
    if (!parsed.success) throw new RequestRefusal('invalid', parsed.error.message);
    const { topic, partition, place } = parsed.data;
    if (topic !== target.topic)
      throw new RequestRefusal('not_found', `${topic} is not published here`);
    try {
      await target.requestRewind(partition, place);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RequestRefusal('not_found', error.message, { cause: error });
    }
    response.status(202).json({ topic, partition });
  });
  return router;
}
