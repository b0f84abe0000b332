// JSON logs on standard output: one line an event, with service, time, level and correlation id, and nothing personal.
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger };

const REDACTED = '[redacted]';
const PRIVATE_FIELDS = ['email', 'password', 'authorization', 'cookie'];
/** Anything that looks like an e-mail address. Its local part is bounded, so that the search stays linear. */
const EMAIL = /[^\s"'<>(),:;@\\]{1,64}@[^\s"'<>(),:;@\\]{1,253}\.[^\s"'<>(),.:;@\\\d]{2,63}/g;

/** What a log is made for. `destination` is standard output unless a test gives another. */
export interface LoggerOptions {
  readonly service: string;
  readonly level: string;
  readonly destination?: DestinationStream;
}

/**
 * Makes a service's logger. Fields named `email`, `password`, `authorization` and `cookie` are redacted up to two
 * levels deep; e-mail addresses are masked wherever they stand, since a driver's error carries the row it refused
 * (`Duplicate entry 'someone@…'`). Use `logger.child({ correlationId })` for what belongs to one request or message.
 */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    base: { service: options.service, pid: process.pid },
    level: options.level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
    redact: {
      paths: PRIVATE_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: REDACTED,
    },
    hooks: { streamWrite: maskEmails },
  };
  return pino(settings, options.destination ?? standardOutput());
}

/**
 * A logger of the same output that looks for no field to redact, for lines whose fields are all named in this code: pino
 * copies every object that it may have to redact, which was two fifths of all memory that an order at the gateway took.
 * E-mail addresses are masked all the same.
 */
export function withoutRedaction(logger: Logger): Logger {
  return logger.child({}, { redact: [] });
}

let opened: DestinationStream | undefined;

/** Of the process: however many loggers it makes, their lines stay in order. */
function standardOutput(): DestinationStream {
  return (opened ??= createStandardOutput());
}

/**
 * Writes the lines of one turn of the event loop together: under load a write per line cost as much as making the line.
 * Each write is synchronous, which is not pino's default: its asynchronous writer, when the process exits, writes what is
 * queued past the write that is under way, so that the last lines, which say why it ended, come out of order or not at
 * all. Only a process that is killed loses lines, those of its last turn.
 */
function createStandardOutput(): DestinationStream {
  const output = pino.destination({ fd: 1, sync: true });
  let lines = '';
  const write = (): void => {
    const written = lines;
    lines = '';
    if (written !== '') output.write(written);
  };
  process.on('exit', write);
  return {
    write(line) {
      if (lines === '') setImmediate(write);
      lines += line;
    },
  };
}

function maskEmails(line: string): string {
  return line.includes('@') ? line.replace(EMAIL, REDACTED) : line;
}

/** An error as it is logged: named fields only, since drivers hang whole statements and their values on theirs. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: name,
    message,
    stack,
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
    ...(error instanceof AggregateError ? { errors: error.errors.map(describeError) } : {}),
  };
}
