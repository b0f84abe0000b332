// A process's life in one place: settings, start, signals, drain, and the exit code that says how it ended.
import { flushCompileCache } from 'node:module';
import { ConfigError } from './config.ts';
import { armFailpoints, type ArmedFailpoint } from './failpoints.ts';
import { createLogger, type Logger } from './logger.ts';

/** Exit codes: 0 drained; 1 failed or did not drain in time; 78 the settings are wrong (EX_CONFIG of sysexits.h). */
const EXIT = { drained: 0, failed: 1, config: 78 } as const;

/** The settings that the lifecycle itself needs; `processSettings` of config.ts gives them. */
export interface ProcessConfig {
  readonly LOG_LEVEL: string;
  readonly DRAIN_TIMEOUT_MS: number;
  readonly EXIT_WITH_PARENT: boolean;
  readonly FAILPOINTS?: readonly ArmedFailpoint[] | undefined;
  readonly NODE_ENV?: string | undefined;
}

/** What `start` gets: its settings, its logger, and the way to say what must be stopped again. */
export interface ServiceContext<Config> {
  /** The service's name. */
  readonly name: string;
  readonly config: Config;
  readonly logger: Logger;
  /** Aborted when the process is told to end: waiting loops in `start` should give up. */
  readonly stopping: AbortSignal;
  /** Names a part that runs now and how it stops. Parts are stopped one after the other, the last started first. */
  readonly onStop: (part: string, stop: () => Promise<void> | void) => void;
  /** Ends the process with code 1, after an orderly stop: for a part that cannot go on (a consumer without progress). */
  readonly fail: (reason: string, error?: unknown) => void;
}

/** A service: its name, where its settings come from, and how it starts. */
export interface ServiceDefinition<Config extends ProcessConfig> {
  readonly name: string;
  readonly readConfig: () => Config;
  readonly start: (context: ServiceContext<Config>) => Promise<void>;
}

/**
 * Runs a service until a signal ends it. SIGTERM and SIGINT (and the parent's death, with EXIT_WITH_PARENT) stop the
 * parts in reverse order of their start within DRAIN_TIMEOUT_MS; further signals change nothing. A bug that nobody
 * caught ends the process at once: its memory cannot be trusted, and the log on disk can.
 */
export function runService<Config extends ProcessConfig>(
  definition: ServiceDefinition<Config>,
): void {
  const config = readConfigOrExit(definition);
  const logger = createLogger({ service: definition.name, level: config.LOG_LEVEL });
  arm(config.FAILPOINTS ?? [], logger);
  const parts: { readonly name: string; readonly stop: () => Promise<void> | void }[] = [];
  const stopping = new AbortController();

  const end = (reason: string, code: number): void => {
    // A terminal sends SIGINT to the whole group and the launcher sends SIGTERM after it: the first one counts.
    if (stopping.signal.aborted) return;
    stopping.abort();
    logger.info({ reason, parts: parts.map((part) => part.name) }, 'stopping');
    setTimeout(() => {
      const left = parts.map((part) => part.name);
      logger.error({ left, drainTimeoutMs: config.DRAIN_TIMEOUT_MS }, 'did not stop in time');
      process.exit(EXIT.failed);
    }, config.DRAIN_TIMEOUT_MS);
    void stopParts(parts, logger).then((clean) => {
      logger.info('stopped');
      process.exit(clean ? code : EXIT.failed);
    });
  };

  watchForTheEnd(config, logger, end);
  const context: ServiceContext<Config> = {
    name: definition.name,
    config,
    logger,
    stopping: stopping.signal,
    onStop: (name, stop) => void parts.push({ name, stop }),
    fail: (reason, error) => {
      logger.fatal({ err: error }, reason);
      end(reason, EXIT.failed);
    },
  };
  definition.start(context).then(
    () => {
      logger.info('started');
      // With NODE_COMPILE_CACHE: Node itself writes at an orderly end only, which a process that is killed never has.
      flushCompileCache();
    },
    (error: unknown) => {
      if (!stopping.signal.aborted) context.fail('could not start', error);
    },
  );
}

function readConfigOrExit<Config extends ProcessConfig>(
  definition: ServiceDefinition<Config>,
): Config {
  try {
    const config = definition.readConfig();
    if (config.FAILPOINTS !== undefined && config.NODE_ENV === 'production')
      throw new ConfigError([
        'FAILPOINTS: given, expected nothing where NODE_ENV is production: it kills the process',
      ]);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // No settings, so no log level either: this one line is always written.
    const logger = createLogger({ service: definition.name, level: 'info' });
    logger.fatal({ faults: error.faults }, error.message);
    process.exit(EXIT.config);
  }
}

function arm(failpoints: readonly ArmedFailpoint[], logger: Logger): void {
  if (failpoints.length === 0) return;
  logger.warn({ failpoints }, 'FAILPOINTS is set: this process will kill itself. For tests only');
  armFailpoints(failpoints);
}

function watchForTheEnd(
  config: ProcessConfig,
  logger: Logger,
  end: (reason: string, code: number) => void,
): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      end(signal, EXIT.drained);
    });
  }
  const dieOf = (kind: string) => (error: unknown) => {
    logger.fatal({ err: error }, kind);
    process.exit(EXIT.failed);
  };
  process.on('uncaughtException', dieOf('uncaught exception'));
  process.on('unhandledRejection', dieOf('unhandled rejection'));
  if (!config.EXIT_WITH_PARENT) return;
  // A parent that was killed by kill -9 tells nobody. What it cannot help is that its end of our standard input (or
  // of an IPC channel) closes: that is the sign, and it needs no polling and no process ids that are used again.
  process.on('disconnect', () => {
    end('the parent process is gone', EXIT.drained);
  });
  process.stdin.on('error', () => {
    end('the parent process is gone', EXIT.drained);
  });
  process.stdin.on('end', () => {
    end('the parent process is gone', EXIT.drained);
  });
  process.stdin.resume();
}

/** Stops the parts, the last started first, also those that a start under way still adds. False: one could not stop. */
async function stopParts(
  parts: { readonly name: string; readonly stop: () => Promise<void> | void }[],
  logger: Logger,
): Promise<boolean> {
  let clean = true;
  for (let part = parts.at(-1); part !== undefined; part = parts.at(-1)) {
    try {
      await part.stop();
    } catch (error) {
      clean = false;
      logger.error({ err: error, part: part.name }, 'could not stop');
    }
    // Taken out only now, so that the line about a drain that took too long names the part that hangs.
    parts.splice(parts.indexOf(part), 1);
  }
  return clean;
}
