// A broker that takes connections and never says a word.
import net, { type AddressInfo } from 'node:net';
import { createKafka } from '../../src/messaging/kafka.ts';
import { createLogger } from '../../src/runtime/logger.ts';

it('a question to it is given up, and may be asked again', async () => {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const broker = createKafka({
    ...{ brokers: [`127.0.0.1:${port}`], clientId: 'test' },
    logger: createLogger({ service: 'test', level: 'silent' }),
  });
  await expect(broker.partitionCount('topic')).rejects.toMatchObject({
    ...{ code: 'kafka_unavailable', retryable: true },
    message: 'Kafka gave no answer: nothing came within 8000 ms',
  });
  for (const socket of sockets) socket.destroy();
  server.close();
});
