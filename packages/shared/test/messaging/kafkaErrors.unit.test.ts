// Which failures of Kafka end the process, and what is said about them. The errors are built as kafkajs 2.2.4 builds them.
import { kafkaRefusal } from '../../src/messaging/kafkaErrors.ts';
import type { KafkaAccess } from '../../src/messaging/kafkaSecurity.ts';

const access: Pick<KafkaAccess, 'sasl'> = {
  sasl: { mechanism: 'scram-sha-512', username: 'orders', password: 'hunter2' },
};
const logInFailed = (told: string) => {
  const message = `SASL SCRAM SHA512 authentication failed: ${told}`;
  const cause = Object.assign(new Error(message), { name: 'KafkaJSSASLAuthenticationError' });
  return Object.assign(new Error(message, { cause }), { name: 'KafkaJSNonRetriableError' });
};
const protocolError = (type: string, message: string) =>
  Object.assign(new Error(message), { name: 'KafkaJSProtocolError', type, retriable: false });

describe('a refusal of Kafka', () => {
  it.each([
    'Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512',
    'Authentication failed: Invalid username or password',
    'SASL Authentication failed',
  ])('that tells of wrong credentials is final (%s)', (told) => {
    const refusal = kafkaRefusal(logInFailed(told), access);
    expect(refusal).toMatchObject({ code: 'kafka_not_authenticated', retryable: false });
    expect(refusal?.message).toMatch(/"orders" with scram-sha-512: .*Check KAFKA_SASL_USERNAME/);
    expect(refusal?.message).not.toContain('hunter2');
  });

  it('that tells of another mechanism is final', () => {
    const error = protocolError('UNSUPPORTED_SASL_MECHANISM', 'The broker does not support it');
    expect(kafkaRefusal(error, access)).toMatchObject({
      code: 'kafka_not_authenticated',
      retryable: false,
    });
  });

  it.each(['Closed connection', 'Request SaslAuthenticate timed out', 'Connection error: EPIPE'])(
    'is not seen in a log-in that a broken connection ended (%s): the broker may be on its way back',
    (told) => {
      expect(kafkaRefusal(logInFailed(told), access)).toBeUndefined();
    },
  );

  it('that tells of a missing right can be repaired while we wait, and names the principal', () => {
    const inAnswer = protocolError('TOPIC_AUTHORIZATION_FAILED', 'Topic authorization failed');
    const several = Object.assign(new Error('Topic creation errors'), { errors: [inAnswer] });
    const refusal = kafkaRefusal(several, access);
    expect(refusal).toMatchObject({ code: 'kafka_not_authorized', retryable: true });
    expect(refusal?.message).toMatch(
      /^Kafka does not let User:orders do this: Topic authorization failed\. .*kafka-acls apply/,
    );
    expect(kafkaRefusal(inAnswer, {})?.message).toContain('User:ANONYMOUS');
  });

  it('is what a group without a coordinator means: a member waits for it instead of ending', () => {
    const name = 'KafkaJSGroupCoordinatorNotFound';
    const error = Object.assign(new Error('Failed to find group coordinator'), { name });
    const refusal = kafkaRefusal(error, access);
    expect(refusal).toMatchObject({ code: 'kafka_no_coordinator', retryable: true });
    expect(refusal?.message).toContain('User:orders');
  });

  it('is not seen in anything else', () => {
    expect(kafkaRefusal(protocolError('LEADER_NOT_AVAILABLE', 'no leader'), access)).toBe(
      undefined,
    );
    expect(kafkaRefusal('a text', access)).toBeUndefined();
  });
});
