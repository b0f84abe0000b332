// The gateway's process: the one public door.
import { listen } from '@orderflow/shared/http/server.ts';
import { runService } from '@orderflow/shared/runtime/lifecycle.ts';
import { createGatewayApp } from './app.ts';
import { readGatewayConfig } from './config.ts';

runService({
  name: 'gateway',
  readConfig: () => readGatewayConfig(),
  start: async ({ config, logger, onStop }) => {
    const gateway = createGatewayApp({ config, logger });
    onStop('connections to the services', gateway.close);
    const server = await listen(gateway.app, config.HOST, config.PORT);
    onStop('http', async () => {
      // An order may wait longer than the drain may take. Better an answer that names it than a connection cut off.
      const timer = setTimeout(gateway.giveUpWaiting, config.DRAIN_TIMEOUT_MS / 2);
      await server.askToLeave();
      await server.close(config.DRAIN_TIMEOUT_MS * 0.65);
      clearTimeout(timer);
    });
    logger.info({ url: server.url }, 'listening');
  },
});
