// What consumers know of a restored publisher's past, against the log that came of the restore (promise P9).
import { DATA_SERVICES, type DataService } from '../config.ts';
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
  readonly cursors: ByService<ServiceCursors>;
  readonly findings: Findings;
}

/**
 * Tells where a consumer's `publisher_histories` differ from the publisher's log. A restore writes them, and the log of an
 * incarnation before the newest never grows again, so they are equal for ever. By a changed one a consumer would pass over
 * messages that count, or apply those that the restore has given up.
 */
export function tellHistories({ topics, logs, cursors, findings }: KnownPublishers): void {
  for (const publisher of DATA_SERVICES)
    for (const consumer of DATA_SERVICES) {
      const { topic } = topics[publisher];
      const { ends } = logs[publisher];
      const history = cursors[consumer].histories.get(topic);
      if (history === undefined) continue;
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
}
