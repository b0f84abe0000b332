// The launcher's smaller decisions: ports, settings, versions, back-off, configuration of the broker.
import { parseJavaMajor, downloadedSizes } from '../embedded/programs.ts';
import { serverProperties } from '../embedded/kafka.ts';
import { LaunchFailure } from '../failure.ts';
import { missingServers } from '../infra/env.ts';
import { ownerOf, ownedName } from '../leftovers.ts';
import { freePorts, isPortFree, parseAddress } from '../process/probes.ts';
import { restartDelayMs } from '../process/supervise.ts';
import { createReport, describeFailure } from '../report.ts';
import { ownSettings, placeServices, requireFreePorts } from '../services.ts';
import { readSettings } from '../settings.ts';
import { createShutdown } from '../shutdown.ts';
import { createServer } from 'node:net';

const silent = createReport({ isTTY: false, write: () => true }, () => 0);

describe('services', () => {
  it('listen where the environment says, each for itself', () => {
    const places = placeServices(readSettings({ GATEWAY_PORT: '4008', ORDERS_HOST: '0.0.0.0' }));
    expect(places.find((place) => place.name === 'gateway')?.url).toBe('http://127.0.0.1:4008');
    expect(places.find((place) => place.name === 'orders')).toMatchObject({
      host: '0.0.0.0',
      url: 'http://127.0.0.1:3013',
    });
  });

  it('name a setting that is no port', () => {
    const settings = readSettings({ GATEWAY_PORT: 'abc' });
    expect(() => placeServices(settings)).toThrow('GATEWAY_PORT=abc is no port');
  });

  it('get the settings that carry their name, without it', () => {
    const inherited = { ORDERS_LOG_LEVEL: 'debug', USERS_LOG_LEVEL: 'warn', ORDERS_EMPTY: '' };
    expect(ownSettings('orders', inherited)).toEqual({ LOG_LEVEL: 'debug' });
  });

  it('name a port that is taken and the way out', async () => {
    const server = createServer();
    const [port = 0] = await freePorts(1);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const place = { name: 'gateway', host: '127.0.0.1', port, url: '' } as const;
    await expect(requireFreePorts([place])).rejects.toThrow(`port ${port} (gateway)`);
    await expect(requireFreePorts([place])).rejects.toMatchObject({
      advice: expect.stringContaining(`GATEWAY_PORT=${port + 1000} npm start`) as string,
    });
    await new Promise((resolve) => server.close(resolve));
    expect(await isPortFree(place)).toBe(true);
  });
});

describe('what is read from other programs', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['openjdk version "21" 2023-09-19', 21],
    ['java version "1.8.0_202"', 8],
    ['command not found', undefined],
  ])('gives the Java of %j', (text, major) => {
    expect(parseJavaMajor(text)).toBe(major);
  });

  it('gives the sizes of what Maven downloaded', () => {
    const text =
      '[INFO] Downloaded from central: u/a.jar (159 kB at 885 kB/s)\nDownloading x\nDownloaded from c: u (1.5 MB at 4 MB/s)';
    expect(downloadedSizes(text)).toEqual([159_000, 1_500_000]);
  });

  it('gives host and port of an address, with or without a protocol', () => {
    expect(parseAddress('PLAINTEXT://kafka.example:9092')).toEqual({
      host: 'kafka.example',
      port: 9092,
    });
    expect(parseAddress('[::1]:9092')).toEqual({ host: '::1', port: 9092 });
    expect(() => parseAddress('kafka')).toThrow('not host:port');
  });
});

describe('servers of the environment', () => {
  it('are missing what is unset or empty', () => {
    expect(missingServers(readSettings({ KAFKA_BROKERS: '' }))).toEqual([
      'KAFKA_BROKERS',
      'MYSQL_HOST',
    ]);
    expect(missingServers(readSettings({ KAFKA_BROKERS: 'a:1', MYSQL_HOST: 'b' }))).toEqual([]);
  });
});

describe('the settings of a broker', () => {
  it('name every voter and the addresses of this node', () => {
    const ports = [1, 2, 3].map((n) => ({ client: 1000 + n, controller: 2000 + n }));
    const text = serverProperties({
      nodeId: 2,
      ports,
      dataDir: '/d',
      properties: { 'num.io.threads': '9' },
    });
    expect(text).toContain(
      'controller.quorum.voters=1@127.0.0.1:2001,2@127.0.0.1:2002,3@127.0.0.1:2003\n',
    );
    expect(text).toContain('advertised.listeners=PLAINTEXT://127.0.0.1:1002\n');
    expect(text).toContain('offsets.topic.replication.factor=3\n');
    expect(text).toContain('num.io.threads=9\n');
  });
});

describe('the launcher', () => {
  it('waits longer after each death, up to a limit', () => {
    expect([1, 2, 3, 20].map(restartDelayMs)).toEqual([500, 1000, 2000, 10_000]);
  });

  it('knows the owner of a folder by its name, and of no other folder', () => {
    expect(ownerOf(ownedName('cluster'))).toBe(process.pid);
    expect(ownerOf('programs')).toBeUndefined();
  });

  it('ends things in the order in which they may end, past one that fails', async () => {
    const ended: string[] = [];
    const shutdown = createShutdown(silent);
    shutdown.add('database', () => Promise.resolve(void ended.push('database')));
    shutdown.add('orders', () => Promise.reject(new Error('stuck')));
    shutdown.add('gateway', () => Promise.resolve(void ended.push('gateway')));
    await shutdown.run();
    expect(ended).toEqual(['gateway', 'database']);
  });

  it('ends at once what was still starting when the end began', async () => {
    const shutdown = createShutdown(silent);
    await shutdown.run();
    let ended = false;
    shutdown.add('kafka', () => Promise.resolve(void (ended = true)));
    await shutdown.run();
    expect(ended).toBe(true);
  });

  it('tells of a failure its cause and what to do', () => {
    const text = describeFailure(new LaunchFailure('Port 1 is taken', 'Take another.'));
    expect(text).toContain('FAILED: Port 1 is taken\nWhat to do: Take another.');
  });

  it('rewrites progress in a terminal and prints lines elsewhere', () => {
    const written: string[] = [];
    const write = (text: string) => written.push(text) > 0;
    createReport({ isTTY: true, write }, () => 0).progress('download', '1 MB');
    createReport({ isTTY: false, write }, () => 0).progress('download', '2 MB');
    expect(written[0]?.endsWith('\n')).toBe(false);
    expect(written[1]?.endsWith('2 MB\n')).toBe(true);
  });
});
