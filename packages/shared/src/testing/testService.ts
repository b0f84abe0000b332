// A service in a test: on a database of its own, and reached over real HTTP, but without Kafka.
import type { Router } from 'express';
import type { Pool } from 'mysql2/promise';
import type { DomainEvent } from '../eventstore/decider.ts';
import { eventStoreSchema } from '../eventstore/tables.ts';
import { createHttpApp, listen } from '../http/server.ts';
import type { UpgradeTo } from '../http/upgrade.ts';
import { createLogger } from '../runtime/logger.ts';
import { combineSchemas } from '../runtime/schema.ts';
import {
  openServiceDatabase,
  type ServiceDatabase,
  type StoredParts,
} from '../runtime/serviceDatabase.ts';
import { testInfra } from './infra.ts';
import { createTestDatabase } from './testDatabase.ts';

/** A logger that says nothing. */
export const silentLogger = createLogger({ service: 'test', level: 'silent' });

/** A service's database in a test. */
export interface TestServiceDatabase<Event extends DomainEvent, Fact extends DomainEvent> {
  readonly database: ServiceDatabase<Event, Fact>;
  /** A pool of the admin: for looking at and damaging things. */
  readonly admin: Pool;
  /** Opens the same database once more, as another instance of the service would. */
  openAnother(): Promise<ServiceDatabase<Event, Fact>>;
  drop(): Promise<void>;
}

/** Makes a database with a random name for the service, and opens it as its runtime user. */
export async function openTestServiceDatabase<
  Event extends DomainEvent,
  Fact extends DomainEvent = never,
>(parts: StoredParts<Event, Fact>): Promise<TestServiceDatabase<Event, Fact>> {
  const made = await createTestDatabase(
    combineSchemas(eventStoreSchema, parts.schema),
    testInfra(),
  );
  const { host, port, database, user, password } = made.settings;
  const config = {
    MYSQL_HOST: host,
    MYSQL_PORT: port,
    MYSQL_DATABASE: database,
    MYSQL_USER: user,
    MYSQL_PASSWORD: password,
    MYSQL_POOL_SIZE: 10,
    MYSQL_ADMIN_PASSWORD: '',
    MYSQL_DURABILITY: 'warn',
    MYSQL_TLS: 'off',
  } as const;
  const opened: ServiceDatabase<Event, Fact>[] = [];
  const open = async () => {
    const service = await openServiceDatabase<Event, Fact>('test', config, parts, silentLogger);
    opened.push(service);
    return service;
  };
  return {
    database: await open(),
    admin: made.admin,
    openAnother: open,
    async drop() {
      for (const service of opened) await service.close();
      await made.drop();
    },
  };
}

/** An answer, read to its end. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A service's routes, listening. */
export interface ServedRoutes {
  readonly port: number;
  /** Sends a request; `body` goes as JSON. */
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: object,
  ) => Promise<TestAnswer>;
  readonly close: () => Promise<void>;
}

/** Serves routes (and what else the service's port speaks) as a service would, on a free port of loopback. */
export async function serveRoutes(routes: Router, upgradeTo?: UpgradeTo): Promise<ServedRoutes> {
  const app = createHttpApp({
    logger: silentLogger,
    health: {},
    routes: (http) => {
      http.use(routes);
    },
  });
  const server = await listen(app, '127.0.0.1', 0, upgradeTo);
  return {
    port: server.port,
    async send(method, path, body, headers = {}) {
      const response = await fetch(server.url + path, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer: unknown = await response.json();
      return { status: response.status, headers: response.headers, body: answer };
    },
    close: () => server.close(),
  };
}
