// A balancer of TCP connections: each goes to the next of the targets, whole, as behind a Kubernetes Service.
// Arguments: the port to listen on, then the targets' ports.
import { connect, createServer } from 'node:net';

const [listenPort = 0, ...targets] = process.argv.slice(2).map(Number);
let turn = 0;

const server = createServer({ noDelay: true }, (client) => {
  const port = targets[turn++ % targets.length] ?? 0;
  const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
  client.pipe(upstream);
  upstream.pipe(client);
  // One side breaks: the other one is to know.
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
});
server.listen(listenPort, '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
