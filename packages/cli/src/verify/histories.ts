// What consumers know of a restored publisher's past, against the log that came of the restore (promise P9).
import type { LogHistory } from '@orderflow/shared/messaging/chain.ts';
import type { DataService } from '../config.ts';
import { TRAFFIC } from '../kafkaAccess.ts';
import type { ServiceCursors } from './cursors.ts';
import type { Findings } from './findings.ts';

type ByService<T> = Readonly<Record<DataService, T>>;

/** The publishers as their logs are, and as their readers know them. */
interface KnownPublishers {
  readonly topics: ByService<{
    /** With its prefix. */
    readonly topic: string;
  }>;
  readonly logs: ByService<{
    /** By incarnation: the last position that the log has of it. */
    readonly ends: ReadonlyMap<number, number>;
  }>;
  readonly heads: ByService<{ readonly incarnation: number }>;
  readonly cursors: ByService<Pick<ServiceCursors, 'histories'>>;
  readonly findings: Findings;
}

/** One consumer's rows of one topic. */
interface Known {
  readonly publisher: DataService;
  readonly consumer: DataService;
  readonly topic: string;
  /** The incarnation that the publisher's log goes on with. */
  readonly head: number;
  /** Undefined if there is no row. */
  readonly history: LogHistory | undefined;
}

/**
 * Tells where a consumer's `publisher_histories` differ from the publisher's log. A restore writes them, and the log of an
 * incarnation before the newest never grows again, so they are equal for ever. By a changed one a consumer would pass over
 * messages that count, or apply those that the restore has given up. The newest is in no log until something is appended;
 * but a restore gives all logs the same one, and writes it for every consumer and topic, or nobody has any.
 */
export function tellHistories({ topics, logs, heads, cursors, findings }: KnownPublishers): void {
  const all = TRAFFIC.flatMap(({ service: consumer, consumes }): Known[] =>
    TRAFFIC.filter(({ publishes }) => consumes.includes(publishes)).map(
      ({ service: publisher }) => {
        const { topic } = topics[publisher];
        const history = cursors[consumer].histories.get(topic);
        return { publisher, consumer, topic, history, head: heads[publisher].incarnation };
      },
    ),
  );
  if (all.every(({ history }) => history === undefined)) return;
  // One beyond its log's head was written by hand, and is no measure of others.
  const possible = all.filter(({ history, head }) => (history?.newest ?? 0) <= head);
  const restored = Math.max(0, ...possible.map(({ history }) => history?.newest ?? 0));
  for (const known of all) {
    findings.checked('P9');
    const fault = faultOf(known, restored);
    if (fault !== undefined) findings.breach('P9', fault);
    tellPast(known, logs[known.publisher].ends, findings);
  }
}

function faultOf(known: Known, restored: number): string | undefined {
  const { publisher, consumer, topic, history, head } = known;
  const newest = history?.newest ?? 0;
  const says = history === undefined ? 'nothing' : `that it was restored as incarnation ${newest}`;
  const said = `publisher_histories of ${consumer} says of ${topic} ${says}`;
  if (newest > head) return `${said}, log_head of ${publisher} has ${head}`;
  if (newest < restored) return `${said}, others are of incarnation ${restored}`;
  return undefined;
}

function tellPast(
  { publisher, consumer, topic, history }: Known,
  ends: ReadonlyMap<number, number>,
  findings: Findings,
): void {
  if (history === undefined) return;
  const { newest, kept } = history;
  const past = [...new Set([...ends.keys(), ...kept.keys()])].filter((each) => each < newest);
  for (const incarnation of past) {
    findings.checked('P9');
    const [says, has] = [kept.get(incarnation) ?? 0, ends.get(incarnation) ?? 0];
    if (says === has) continue;
    findings.breach(
      'P9',
      `publisher_histories of ${consumer} says that ${topic} counts up to position ${says} of incarnation ${incarnation}, the log of ${publisher} has it up to ${has}`,
    );
  }
}
