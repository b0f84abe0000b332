// What the rest of the launcher knows of MySQL and Kafka, wherever they come from.

/** How to reach MySQL and Kafka. */
export interface InfraAccess {
  readonly brokers: readonly string[];
  readonly mysql: {
    readonly host: string;
    readonly port: number;
    /** Not given with servers whose databases and users stand already. */
    readonly adminUser: string | undefined;
    readonly adminPassword: string | undefined;
  };
}

/** The access as the environment variables that services and tests read. */
export function infraEnvironment(access: InfraAccess): Record<string, string> {
  const { host, port, adminUser, adminPassword } = access.mysql;
  return {
    KAFKA_BROKERS: access.brokers.join(','),
    MYSQL_HOST: host,
    MYSQL_PORT: String(port),
    ...(adminUser === undefined ? {} : { MYSQL_ADMIN_USER: adminUser }),
    ...(adminPassword === undefined ? {} : { MYSQL_ADMIN_PASSWORD: adminPassword }),
  };
}
