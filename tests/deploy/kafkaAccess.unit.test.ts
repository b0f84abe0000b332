// Who may do what in Kafka is granted from one list; the places that tell it in other words are compared with it.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { CHECKOUT } from '../../local/places.ts';
import { kafkaRights } from '../../packages/cli/src/kafkaAccess.ts';

const read = (file: string) => readFileSync(path.join(CHECKOUT, file), 'utf8');

/** A right as one line, e.g. `User:orders group orderflow-orders read`; a name that others begin with ends with a star. */
const line = (principal: string, resource: string, name: string, operation: string) =>
  `${principal} ${resource.toLowerCase()} ${name} ${operation.toLowerCase()}`;
const rights = kafkaRights('');
const granted = rights
  .map(({ principal, resource, name, isPrefix, operation }) =>
    line(principal, resource, isPrefix === true ? `${name}*` : name, operation),
  )
  .sort();

test('the example for Strimzi gives these rights, and no others', () => {
  const kafkaUser = z.object({
    metadata: z.object({ name: z.string() }),
    spec: z.object({
      authorization: z.object({
        acls: z.array(
          z.strictObject({
            resource: z.strictObject({
              ...{ type: z.string(), name: z.string() },
              patternType: z.enum(['literal', 'prefix']).default('literal'),
            }),
            operations: z.array(z.string()),
          }),
        ),
      }),
    }),
  });
  const users = parseAllDocuments(read('deploy/helm/examples/strimzi/kafka.yaml'))
    .filter((document) => document.get('kind') === 'KafkaUser')
    .map((document) => kafkaUser.parse(document.toJS()));
  const given = users.flatMap(({ metadata, spec }) =>
    spec.authorization.acls.flatMap(({ resource: { type, name, patternType }, operations }) =>
      operations.map((operation) =>
        line(
          `User:${metadata.name}`,
          type,
          patternType === 'prefix' ? `${name}*` : name,
          operation,
        ),
      ),
    ),
  );
  expect(given.sort()).toEqual(granted);
});

test('the table of docs/access.md tells the rights, and no others', () => {
  const section =
    read('docs/access.md')
      .split(/^## /m)
      .find((part) => part.startsWith('Kafka')) ?? '';
  const rows = section.matchAll(/^\| `(User:\S+)` +\| (\w+) `(\S+)` +\| ([\w, ]+?) +\|/gm);
  const told = [...rows].flatMap(([, principal = '', resource = '', name = '', operations = '']) =>
    operations.split(', ').map((operation) => line(principal, resource, name, operation)),
  );
  expect(told.sort()).toEqual(granted);
});

test('the charts scale each service by the topics that it may read', () => {
  const template = read('deploy/helm/orderflow-lib/templates/_services.tpl');
  const table = /define "orderflow-lib\.services" -}}\n([^]*?)\n{{- end }}/.exec(template)?.[1];
  const services = z
    .record(z.string(), z.object({ consumes: z.array(z.string()) }))
    .parse(parse(table ?? ''));
  const consumed = Object.entries(services).flatMap(([service, { consumes }]) =>
    consumes.map((topic) => `${service} ${topic}`),
  );
  const readable = rights
    // The auditor reads as well, and is no service.
    .filter(({ principal }) => principal !== 'User:auditor')
    .filter(({ resource, operation }) => resource === 'TOPIC' && operation === 'READ')
    .map(({ principal, name }) => `${principal.replace('User:', '')} ${name}`);
  expect(consumed.sort()).toEqual(readable.sort());
});
