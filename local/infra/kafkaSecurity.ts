// Log-in, rights and TLS for the clients of a test's cluster.

/** The users that a cluster knows, and the certificate that it shows. */
export interface KafkaSecurity {
  /** Passwords by user name; they log in with SCRAM-SHA-512. Any other may do only what an access rule allows. */
  readonly passwords: Readonly<Record<string, string>>;
  /** One of them, who may do everything. */
  readonly superUser: string;
  /** PEM: the brokers' private key (PKCS 8), and their certificate, which is its own authority. */
  readonly tls: { readonly key: string; readonly certificate: string };
}

/** The security protocol of the listener that clients use. */
export function clientProtocol(security: KafkaSecurity | undefined): string {
  return security === undefined ? 'PLAINTEXT' : 'SASL_SSL';
}

/** The brokers' settings; `listener` is the name of the one that clients use. */
export function securityProperties(
  security: KafkaSecurity | undefined,
  listener: string,
): Record<string, string> {
  if (security === undefined) return {};
  const { superUser, passwords, tls } = security;
  const name = `listener.name.${listener.toLowerCase()}`;
  const login = `username="${superUser}" password="${passwords[superUser] ?? ''}"`;
  // In a file of properties a line break is written as \n.
  const pem = (text: string) => text.trim().replaceAll('\n', '\\n');
  return {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'false',
    // Controllers and containers' brokers speak with each other without a log-in; clients cannot come in by their doors
    // in a container, and a process's door for controllers is no place where a client's request is answered.
    'super.users': `User:${superUser};User:ANONYMOUS`,
    [`${name}.sasl.enabled.mechanisms`]: 'SCRAM-SHA-512',
    [`${name}.scram-sha-512.sasl.jaas.config`]: `org.apache.kafka.common.security.scram.ScramLoginModule required ${login};`,
    'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
    [`${name}.ssl.keystore.type`]: 'PEM',
    [`${name}.ssl.keystore.key`]: pem(tls.key),
    [`${name}.ssl.keystore.certificate.chain`]: pem(tls.certificate),
    [`${name}.ssl.truststore.type`]: 'PEM',
    [`${name}.ssl.truststore.certificates`]: pem(tls.certificate),
  };
}

/** The arguments by which `kafka-storage format` makes the users. */
export function scramArguments(security: KafkaSecurity | undefined): string[] {
  return Object.entries(security?.passwords ?? {}).flatMap(([user, password]) => [
    '--add-scram',
    `SCRAM-SHA-512=[name=${user},password=${password}]`,
  ]);
}
