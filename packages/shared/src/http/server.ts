// The HTTP side that all services have alike: a thin Express app, and a server that drains.
import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { AppError } from '../runtime/appError.ts';
import { withoutRedaction, type Logger } from '../runtime/logger.ts';
import { healthRoutes, type HealthChecks } from './health.ts';
import { handleError, handleUnknownRoute, RequestRefusal } from './problem.ts';
import { logAccess, openContext } from './requestContext.ts';
import { isUpgradeTo, takeUpgrades, type Upgraded, type UpgradeTo } from './upgrade.ts';

/** Largest body of a request. */
export const BODY_LIMIT_BYTES = 64 * 1024;
/** Deepest nesting of a JSON body. */
const JSON_DEPTH_LIMIT = 8;
/** Longer than a proxy keeps an idle connection, so that it is the proxy's side that closes it: no race with a request. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** A client that sends its request slower than this is cut off. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How long clients are given to leave, and how often is looked whether they have. */
const FAREWELL_MS = 1_000;
const FAREWELL_LOOK_MS = 20;
/** Connections that wait to be accepted (the system may cap it): a flash sale connects all at once. */
const BACKLOG = 4096;

/** What an app is made of. `health` gives the checks of `/readyz`; `routes` adds the service's own. */
export interface HttpAppOptions {
  readonly logger: Logger;
  readonly health: HealthChecks;
  readonly routes: (app: Express) => void;
}

/** What a server makes the requests and responses of an app of. */
const messagesOf = new WeakMap<Express, ReturnType<typeof messageClasses>>();

/**
 * Makes an app: request context, access log, health, the service's routes, 404 and errors. Routes that read bodies
 * put `...parseBody()` before their handler, or `app.use(...parseBody())` before all of them. Handlers may be async and throw.
 */
export function createHttpApp(options: HttpAppOptions): Express {
  const app = express();
  messagesOf.set(app, messageClasses(app));
  // Each costs time on every request (section 'HTTP' of the measurements), and nobody asked for it.
  app.disable('etag');
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  const accessLogger = withoutRedaction(options.logger);
  app.use((request: Request, response: Response, next: NextFunction) => {
    const context = openContext(request, response, options.logger);
    logAccess(request, response, context, accessLogger);
    next();
  });
  healthRoutes(app, options.health);
  options.routes(app);
  app.use(handleUnknownRoute);
  app.use(handleError);
  return app;
}

/**
 * The classes of the messages that a server makes for `app`. Express gives each request and each response its own
 * prototype when it comes by, after which the engine knows neither's form any more and every later access is slow. Made
 * with that prototype, there is nothing left to change. It changes `app`, so it is done once, where the app is made: an
 * app that listened twice would get classes over classes, and its first server's messages would no longer be of its own.
 */
function messageClasses(app: Express) {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse<AppRequest> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype });
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}

type Middleware = (request: Request, response: Response, next: NextFunction) => void;

/** Reads JSON and urlencoded bodies into `request.body` (undefined: no body, or another type). Refuses what is too large or too deep. */
export function parseBody(): readonly Middleware[] {
  return [
    express.json({ limit: BODY_LIMIT_BYTES }),
    express.urlencoded({ limit: BODY_LIMIT_BYTES, extended: false }),
    (request, _response, next) => {
      if (isDeeperThan(request.body, JSON_DEPTH_LIMIT)) {
        const message = `The body is nested deeper than ${JSON_DEPTH_LIMIT} levels`;
        throw new RequestRefusal('invalid', message);
      }
      next();
    },
  ];
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((child) => isDeeperThan(child, levels - 1));
}

/** A listening server. */
export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /**
   * Asks the clients to leave before it closes: it still takes requests, and each answer says `Connection: close`.
   * Resolves when no connection is open any more, after a second at the latest.
   *
   * The race: a client sends on a kept connection at the moment at which the server closes it as idle. The request is
   * lost, and the client cannot know whether it was carried out. A client that was asked in an answer does not send on
   * that connection again; only one that has been silent for the whole second can still meet the close.
   */
  askToLeave(): Promise<void>;
  /**
   * Drains: ends when the last request under way is answered. After `patienceMs` those that are left are cut off, so
   * that a client that sends its body by drops cannot hold the process; without it they may take what they need.
   */
  close(patienceMs?: number): Promise<void>;
}

/** Listens; `upgradeTo` is what else the port speaks. Throws AppError `port_taken` or `cannot_listen` when it cannot. */
export async function listen(
  app: Express,
  host: string,
  port: number,
  upgradeTo?: UpgradeTo,
): Promise<HttpServer> {
  const server = createServer(
    {
      ...messagesOf.get(app),
      requestTimeout: REQUEST_TIMEOUT_MS,
      shouldUpgradeCallback: isUpgradeTo(upgradeTo),
    },
    app,
  );
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  const drain = drainable(server, takeUpgrades(server, upgradeTo));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(listenError(cause, host, port));
    });
    server.listen({ host, port, backlog: BACKLOG }, resolve);
  });
  // `address()` is an AddressInfo for every server that listens on a port.
  const address = server.address() as AddressInfo;
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { port: address.port, url: `http://${shownHost}:${address.port}`, ...drain };
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): AppError {
  const taken = cause.code === 'EADDRINUSE';
  const message = taken
    ? `Port ${port} on ${host} is taken. Stop what listens there, or set PORT to another.`
    : `Cannot listen on ${host}:${port}: ${cause.message}. Set HOST and PORT.`;
  return new AppError(taken ? 'port_taken' : 'cannot_listen', message, { retryable: false, cause });
}

/**
 * Node's own `close()` is not enough. A connection with a request under way would be kept alive after its answer, so
 * every answer from then on says `Connection: close`. And a connection that has not sent a whole request head yet (a
 * balancer's probe, a browser's spare one) is not 'idle' to Node: it would hold the drain until its time-out. So once
 * no request is under way, all connections are closed, whatever state they are in.
 */
function drainable(server: Server, upgraded: Upgraded): Pick<HttpServer, 'askToLeave' | 'close'> {
  const underWay = new Set<ServerResponse>();
  let isLeaving = false;
  let closing = false;
  // In the next turn of the event loop: what has arrived is read before, and what was answered is on its way.
  const closeUnused = (): void => {
    setImmediate(() => {
      if (underWay.size === 0) server.closeAllConnections();
      else server.closeIdleConnections();
    });
  };
  server.prependListener('request', (_request, response: ServerResponse) => {
    underWay.add(response);
    if (isLeaving) sayLast(response);
    response.once('close', () => {
      underWay.delete(response);
      if (closing) closeUnused();
    });
  });
  const leave = (): void => {
    isLeaving = true;
    upgraded.leave();
    for (const response of underWay) sayLast(response);
  };
  return {
    askToLeave: () => {
      leave();
      return untilLeft(server);
    },
    close: (patienceMs) =>
      new Promise((resolve, reject) => {
        leave();
        closing = true;
        const cutOff = () => {
          server.closeAllConnections();
          upgraded.destroy();
        };
        const timer = patienceMs === undefined ? undefined : setTimeout(cutOff, patienceMs);
        server.close((error) => {
          clearTimeout(timer);
          if (error === undefined) resolve();
          else reject(error);
        });
        closeUnused();
      }),
  };
}

function sayLast(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

/** Resolves when the server has no connection, or after FAREWELL_MS. */
async function untilLeft(server: Server): Promise<void> {
  const deadline = performance.now() + FAREWELL_MS;
  const count = promisify(server.getConnections.bind(server));
  while ((await count()) > 0 && performance.now() < deadline) await delay(FAREWELL_LOOK_MS);
}
