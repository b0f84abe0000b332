// What Kafka's refusals mean: whether waiting helps, and what whoever reads the log should do.
import { AppError } from '../runtime/appError.ts';
import { principalOf, type KafkaAccess } from './kafkaSecurity.ts';

/**
 * kafkajs makes every failure of a log-in the same error, also a connection that broke in the middle because the broker
 * is restarted, and keeps nothing of the cause but its text. So the broker's own words decide (PLAIN, SCRAM, and what
 * kafkajs says where the broker gives none): all else is tried again.
 */
const WRONG_CREDENTIALS =
  /invalid credentials|invalid username or password|failed: SASL Authentication failed/i;

/**
 * The refusal that is in an error of kafkajs; undefined when there is none. Not retryable: wrong credentials and a
 * mechanism that the broker does not have ('kafka_not_authenticated'); the process ends, and starts again with what its
 * settings say then. Retryable: a right that is missing ('kafka_not_authorized'), since it may be given at any moment,
 * and a group without coordinator ('kafka_no_coordinator').
 */
export function kafkaRefusal(
  error: unknown,
  access: Pick<KafkaAccess, 'sasl'>,
): AppError | undefined {
  for (const cause of causesOf(error)) {
    const type = 'type' in cause ? String(cause.type) : '';
    if (type === 'UNSUPPORTED_SASL_MECHANISM' || isWrongCredentials(cause))
      return new AppError('kafka_not_authenticated', notAuthenticated(cause, access), {
        retryable: false,
        cause: error,
      });
    if (type.endsWith('_AUTHORIZATION_FAILED'))
      return new AppError(
        'kafka_not_authorized',
        `Kafka does not let ${principalOf(access)} do this: ${cause.message}. ` +
          'docs/access.md says what each service needs; `orderflow kafka-acls apply` gives it.',
        { retryable: true, cause: error },
      );
    // kafkajs ends its member over this, and says the same for two things that pass: a broker so new that its topic of
    // groups is still being made, and a right that is missing.
    if (cause.name === 'KafkaJSGroupCoordinatorNotFound')
      return new AppError(
        'kafka_no_coordinator',
        `Kafka names no coordinator for the consumer group: it has only just started, or ${principalOf(access)} may not ` +
          'read the group (docs/access.md).',
        { retryable: true, cause: error },
      );
  }
  return undefined;
}

/** Throws the refusal that is in an error, or the error itself. For `catch` of a promise. */
export function throwRefusal(access: Pick<KafkaAccess, 'sasl'>): (error: unknown) => never {
  return (error) => {
    throw kafkaRefusal(error, access) ?? error;
  };
}

/**
 * Throws what a failure of the broker means: a refusal, or that it is away. A TypeError that comes from no answer of a
 * broker is a bug, and is thrown as it is: to call it a broker that is away would hide it for ever. For `catch`.
 */
export function throwFailure(access: Omit<KafkaAccess, 'brokers'>): (error: unknown) => never {
  return (error) => {
    if (error instanceof TypeError) throw error;
    throw kafkaRefusal(error, access) ?? kafkaUnavailable(error, access);
  };
}

/** Any other failure: the brokers are away, or are asked in a way that they do not answer. Retryable. */
function kafkaUnavailable(cause: unknown, { tls, sasl }: Omit<KafkaAccess, 'brokers'>): AppError {
  const told = cause instanceof Error ? cause.message : String(cause);
  const isBare = tls === undefined || sasl === undefined;
  const hint =
    isBare && told === 'Closed connection'
      ? ' (so does a broker that wants TLS or a log-in: see KAFKA_TLS and KAFKA_SASL_MECHANISM)'
      : '';
  return new AppError('kafka_unavailable', `Kafka gave no answer: ${told}${hint}`, {
    retryable: true,
    cause,
  });
}

function isWrongCredentials({ name, message }: Error): boolean {
  return name === 'KafkaJSSASLAuthenticationError' && WRONG_CREDENTIALS.test(message);
}

function notAuthenticated({ message }: Error, { sasl }: Pick<KafkaAccess, 'sasl'>): string {
  const who = sasl === undefined ? 'nobody' : `"${sasl.username}" with ${sasl.mechanism}`;
  return (
    `Kafka refuses the log-in of ${who}: ${message}. ` +
    'Check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM, and that the brokers have this user ' +
    'with this mechanism (kafka-configs.sh --describe --entity-type users).'
  );
}

/** The error, what caused it, and the parts of an answer about several topics. */
function* causesOf(error: unknown): Generator<Error> {
  if (!(error instanceof Error)) return;
  yield error;
  if ('errors' in error && Array.isArray(error.errors))
    for (const part of error.errors) yield* causesOf(part);
  yield* causesOf(error.cause);
}
