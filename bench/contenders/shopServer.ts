// The HTTP side of the contenders that are one process: the demo's routes, as far as the benchmark asks for them.
import type { Server } from 'node:http';
import express, { type Express } from 'express';

/** An answer in the making. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What a contender does behind the routes. */
export interface Shop {
  readonly placeOrder: (userId: number, productId: number) => Promise<Answer>;
  /** A user's cart lines, each with its product. */
  readonly listCart: (userId: number) => Promise<readonly unknown[]>;
}

/** The answer of an order that was confirmed. */
export function confirmed(inventoryResp: unknown, orderResp: unknown): Answer {
  return { status: 200, body: { resp: { inventoryResp, orderResp } } };
}

/** The answer of an order that was refused. */
export function refused(message: string): Answer {
  return { status: 409, body: { message, error: null } };
}

/** What refused orders are told, as the demo does. */
export const REFUSALS = {
  unknownProduct: 'No product exists with the given ID',
  unknownUser: 'No user exists with the given ID',
  outOfStock: 'Product is out of stock',
} as const;

/** The app. Its validation is what Orderflow's amounts to for such a body: whole numbers above 0, or 400. */
export function createShopApp(shop: Shop): Express {
  const app = express();
  app.disable('x-powered-by');
  // Nobody here asks again with If-None-Match: a hash of each answer would be CPU for nothing.
  app.disable('etag');
  app.use(express.json());
  app.post('/order', async (request, response) => {
    const { userId, productId } = orderIn(request.body);
    if (userId === undefined || productId === undefined) {
      const field = productId === undefined ? 'productId' : 'userId';
      response.status(400).json({ message: `${field} is missing or no id`, error: null });
      return;
    }
    const { status, body } = await shop.placeOrder(userId, productId);
    response.status(status).json(body);
  });
  app.get('/order', async (request, response) => {
    const userId = idIn(Number(request.query.userId));
    if (userId === undefined) {
      response.status(400).json({ message: 'userId is missing or no id', error: null });
      return;
    }
    response.json({ resp: await shop.listCart(userId) });
  });
  app.get('/readyz', (_request, response) => {
    response.json({ status: 'ready' });
  });
  return app;
}

/** Serves the app until SIGTERM, then closes what it stands on. */
export function serve(app: Express, port: number, close: () => Promise<unknown>): void {
  const server: Server = app.listen(port, '127.0.0.1');
  process.once('SIGTERM', () => {
    server.close(() => void close());
    server.closeAllConnections();
  });
}

function orderIn(body: unknown): { userId: number | undefined; productId: number | undefined } {
  const fields = typeof body === 'object' && body !== null ? body : {};
  return {
    userId: 'userId' in fields ? idIn(fields.userId) : undefined,
    productId: 'productId' in fields ? idIn(fields.productId) : undefined,
  };
}

function idIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
