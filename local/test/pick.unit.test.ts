// Where MySQL and Kafka come from, and the reason that is given.
import { pickInfra } from '../infra/pick.ts';

const docker = { version: '28.5.0' };
const noDocker = { problem: 'no Docker engine answers' };
const missingServers = ['KAFKA_BROKERS', 'MYSQL_HOST'];

describe('the choice of infrastructure', () => {
  it('is what was asked for, whatever else is there', () => {
    const choice = pickInfra({ wanted: 'embedded', missingServers: [], docker });
    expect(choice).toEqual({ source: 'embedded', reason: '--infra=embedded was given' });
  });

  it('is the servers of the environment when both are named, even beside Docker', () => {
    expect(pickInfra({ wanted: undefined, missingServers: [], docker }).source).toBe('env');
  });

  it('is Docker when the environment names no servers and an engine answers', () => {
    const choice = pickInfra({ wanted: undefined, missingServers, docker });
    expect(choice.source).toBe('docker');
    expect(choice.reason).toContain('28.5.0');
  });

  it('is embedded servers when there is nothing else', () => {
    const choice = pickInfra({ wanted: undefined, missingServers, docker: noDocker });
    expect(choice.source).toBe('embedded');
    expect(choice.reason).toContain('no Docker engine answers');
  });

  it('names the variable that is missing when only one of two is set', () => {
    const choice = pickInfra({
      wanted: undefined,
      missingServers: ['MYSQL_HOST'],
      docker: noDocker,
    });
    expect(choice.source).toBe('embedded');
    expect(choice.reason).toContain('MYSQL_HOST is not set');
  });
});
