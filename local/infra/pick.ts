// The one place that decides where MySQL and Kafka come from.
import type { InfraSource } from '../arguments.ts';

/** What there is to choose from. */
export interface InfraFindings {
  /** What --infra= said. */
  readonly wanted: InfraSource | undefined;
  /** Variables that would name servers and are not set. */
  readonly missingServers: readonly string[];
  /** Version of the Docker engine that answers, or why it cannot be used. */
  readonly docker: { readonly version: string } | { readonly problem: string };
}

/** The choice, and why. */
export interface InfraChoice {
  readonly source: InfraSource;
  readonly reason: string;
}

/** What was asked for, else servers of the environment, else Docker, else embedded servers. */
export function pickInfra(findings: InfraFindings): InfraChoice {
  const { wanted, missingServers, docker } = findings;
  if (wanted !== undefined) return { source: wanted, reason: `--infra=${wanted} was given` };
  if (missingServers.length === 0) {
    return { source: 'env', reason: 'KAFKA_BROKERS and MYSQL_HOST are set' };
  }
  const unset = `${missingServers.join(' and ')} ${missingServers.length === 1 ? 'is' : 'are'} not set`;
  if ('version' in docker) {
    return { source: 'docker', reason: `${unset}, and Docker engine ${docker.version} answers` };
  }
  return { source: 'embedded', reason: `${unset}, and ${docker.problem}` };
}
