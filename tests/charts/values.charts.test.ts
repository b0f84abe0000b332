// Wrong values: each is turned down before anything is installed, by a message that names it.
import type { Chart } from '../../local/charts/catalogue.ts';
import { describeWith, render, tryRender } from './rendered.ts';

/** What is wrong, the chart, its values, and the words that the message must have. */
type Case = [string, Chart, object, ...RegExp[]];

const WRONG: Case[] = [
  ['a misspelt key', 'users', { replica: 3 }, /replica/, /additional propert/i],
  ['a misspelt key inside', 'orders', { mysql: { hots: 'db' } }, /mysql/, /hots/],
  ['an unknown setting', 'orders', { settings: { ORDER_WAIT: 1 } }, /settings/, /ORDER_WAIT/],
  ["another service's setting", 'users', { settings: { ORDER_WAIT_MS: 1 } }, /ORDER_WAIT_MS/],
  ['a port in the host', 'users', { mysql: { host: 'db:3306' } }, /mysql.host/, /pattern/],
  ['a port that is none', 'users', { mysql: { port: 70_000 } }, /mysql.port/, /65.?535/],
  ['a text for a number', 'users', { replicas: 'two' }, /replicas/, /integer/],
  ['no brokers', 'orders', { kafka: { brokers: [] } }, /kafka.brokers/],
  ['a broker without a port', 'orders', { kafka: { brokers: ['kafka'] } }, /kafka.brokers/],
  [
    'an unknown login',
    'orders',
    { kafka: { sasl: { mechanism: 'gssapi' } } },
    /mechanism/,
    /plain/,
  ],
  ['a password', 'users', { mysql: { password: 'secret' } }, /mysql/, /password/],
  ['a URL with a path', 'gateway', { peers: { orders: 'http://orders/x' } }, /peers.orders/],
  ['MySQL for the gateway', 'gateway', { mysql: { host: 'db' } }, /mysql/],
  ['a service in the umbrella that is none', 'orderflow', { payments: {} }, /payments/],
  ['a misspelt key in the umbrella', 'orderflow', { users: { replica: 3 } }, /replica/],
  ['a misspelt key for all', 'orderflow', { global: { mysql: { hots: 'db' } } }, /hots/],
  [
    'a login without its Secret',
    'orders',
    { kafka: { sasl: { mechanism: 'plain' } } },
    /kafka.sasl.existingSecret must name the Secret/,
  ],
  [
    'two authorities',
    'users',
    { mysql: { tls: { ca: { secret: 'a', configMap: 'b' } } } },
    /Name the one that holds/,
  ],
  [
    'one user for both',
    'users',
    { mysql: { migration: { user: 'orderflow_users' } } },
    /They must be two users/,
  ],
  [
    'two autoscalers',
    'orders',
    { autoscaling: { enabled: true }, keda: { enabled: true } },
    /choose one/,
  ],
  [
    'more consumers than partitions',
    'inventory',
    { keda: { maxReplicas: 13 } },
    /a topic has 12 partitions/,
  ],
  ['a maximum below the minimum', 'gateway', { autoscaling: { maxReplicas: 1 } }, /is less than/],
  [
    'a route without a Gateway',
    'gateway',
    { httpRoute: { enabled: true } },
    /parentRefs must name/,
  ],
];

describeWith([], 'values', () => {
  it.each(WRONG.map(([what, ...wrong]) => ({ what, wrong })))('$what: turned down', ({ wrong }) => {
    const [chart, values, ...expected] = wrong;
    const run = tryRender(chart, values);
    expect(run.exitCode).not.toBe(0);
    for (const words of expected) expect(run.complaints).toMatch(words);
  });

  it('that all services share are said once, in the umbrella', () => {
    const mysql = { host: 'db.example.com', port: 3307 };
    const text = JSON.stringify(render('orderflow', { global: { mysql } }));
    expect(text.match(/"MYSQL_HOST","value":"db\.example\.com"/g)).toHaveLength(6);
    expect(text.match(/"port":3307/g)).toHaveLength(6);
  });
});
