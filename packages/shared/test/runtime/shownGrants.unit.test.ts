import { beyond } from '../../src/runtime/grants.ts';
import { readGrant } from '../../src/runtime/shownGrants.ts';

const access = {
  database: 'orders_a',
  runtime: { user: 'run', password: '' },
  grants: new Map([['events', ['SELECT', 'INSERT']] as const]),
};
const TO = 'TO `run`@`%`';

it.each([
  ['the user itself', `GRANT USAGE ON *.* ${TO}`],
  ['all that is declared', `GRANT SELECT, INSERT ON \`orders_a\`.\`events\` ${TO}`],
  ['a part of it', `GRANT SELECT ON \`orders_a\`.\`events\` ${TO}`],
])('a runtime user has no more than is declared with %s', (_what, line) => {
  expect(beyond([readGrant(line)], access)).toEqual([]);
});

it.each([
  ['another right on a table', `GRANT SELECT, DELETE ON \`orders_a\`.\`events\` ${TO}`],
  ['a right on a column', `GRANT UPDATE (\`id\`) ON \`orders_a\`.\`events\` ${TO}`],
  [
    'a right that may be given away',
    `GRANT SELECT ON \`orders_a\`.\`events\` ${TO} WITH GRANT OPTION`,
  ],
  ['another table', `GRANT SELECT ON \`orders_a\`.\`gone\` ${TO}`],
  ['another database', `GRANT SELECT ON \`orders_b\`.\`events\` ${TO}`],
  ['the whole database', `GRANT SELECT ON \`orders\\_a\`.* ${TO}`],
  ['all databases', `GRANT PROCESS ON *.* ${TO}`],
  ['a procedure', `GRANT EXECUTE ON PROCEDURE \`orders_a\`.\`events\` ${TO}`],
  ['a role', `GRANT \`clerk\`@\`%\` ${TO}`],
])('a runtime user has more than is declared with %s', (_what, line) => {
  expect(beyond([readGrant(line)], access)).toEqual([line]);
});

it('a grant is told without the hash of the password', () => {
  const line = `GRANT SELECT ON *.* ${TO} IDENTIFIED BY PASSWORD '*94BD' REQUIRE SSL WITH GRANT OPTION`;
  expect(readGrant(line).line).toBe(`GRANT SELECT ON *.* ${TO} REQUIRE SSL WITH GRANT OPTION`);
});
