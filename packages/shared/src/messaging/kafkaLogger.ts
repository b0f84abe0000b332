// kafkajs' log lines as lines of the service's own log.
import type { Logger } from '../runtime/logger.ts';

/** kafkajs' numbers for its levels (its enum `logLevel`, which only kafka.ts may import). */
const LEVEL = { warn: 2, info: 4 } as const;

interface LogEntry {
  readonly namespace: string;
  readonly level: number;
  readonly log: { readonly message: string };
}

/** That we bound the retries of a send is meant: the relay throws such a producer away and sends again with a new one. */
const EXPECTED = 'Limiting retries for the idempotent producer';

/** How much kafkajs should tell, as its own names for levels: its info is our debug, its debug our trace. */
export function kafkaVerbosity(logger: Logger): 'NOTHING' | 'WARN' | 'INFO' | 'DEBUG' {
  if (logger.isLevelEnabled('trace')) return 'DEBUG';
  if (logger.isLevelEnabled('debug')) return 'INFO';
  return logger.isLevelEnabled('warn') ? 'WARN' : 'NOTHING';
}

/** The `logCreator` for kafkajs. Its errors become warnings: what ends our work is thrown, and logged where it ends. */
export function kafkaLogCreator(logger: Logger): () => (entry: LogEntry) => void {
  const child = logger.child({ part: 'kafkajs' });
  return () =>
    ({ namespace, level, log }) => {
      const { message, ...rest } = log;
      if (message.startsWith(EXPECTED)) return;
      const fields: Record<string, unknown> = { namespace, ...rest };
      delete fields.logger;
      delete fields.timestamp;
      // What a connection logs as an error is an answer that its caller gets too, and may expect ('topic exists').
      const weighs = level <= LEVEL.warn && namespace !== 'Connection';
      if (weighs) child.warn(fields, message);
      else if (level <= LEVEL.info) child.debug(fields, message);
      else child.trace(fields, message);
    };
}
