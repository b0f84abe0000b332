// Values with which the charts are rendered in the tests: all that can be switched on is on.
import { SERVICES, type Service } from '../../local/charts/catalogue.ts';

const peer = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'elsewhere' } } };

const common = {
  image: { registry: 'registry.example.com:5000', pullPolicy: 'Never' },
  imagePullSecrets: [{ name: 'registry' }],
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
  podAnnotations: { 'example.com/note': 'a note' },
  podLabels: { team: 'shop' },
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
  tolerations: [{ key: 'shop', operator: 'Exists', effect: 'NoSchedule' }],
  priorityClassName: 'shop',
  topologySpread: { whenUnsatisfiable: 'DoNotSchedule' },
  serviceAccount: { annotations: { 'example.com/role': 'shop' } },
};

/** TLS and a login at both servers. */
export const securedServers = {
  mysql: { tls: { enabled: true, ca: { secret: 'mysql-ca' } } },
  kafka: {
    brokers: ['kafka-0.example.com:9093', 'kafka-1.example.com:9094'],
    tls: { enabled: true, ca: { configMap: 'kafka-ca' } },
    sasl: { mechanism: 'scram-sha-512', existingSecret: 'kafka-login' },
  },
};

const stores = {
  ...common,
  ...securedServers,
  networkPolicy: {
    mysql: { to: [{ ipBlock: { cidr: '10.1.2.3/32' } }] },
    kafka: { to: [peer], ports: [9095] },
    extraEgress: [{ to: [peer], ports: [{ protocol: 'TCP', port: 443 }] }],
    extraIngress: [{ from: [peer], ports: [{ protocol: 'TCP', port: 9000 }] }],
  },
};

/** Everything on, for each chart. */
export const EVERYTHING_ON: Readonly<Record<Service, object>> = {
  users: { ...stores, autoscaling: { enabled: true } },
  inventory: { ...stores, keda: { enabled: true } },
  orders: { ...stores, keda: { enabled: true } },
  gateway: {
    ...common,
    autoscaling: { enabled: true },
    ingress: { enabled: true, className: 'nginx', tlsSecret: 'shop-tls' },
    httpRoute: { enabled: true, parentRefs: [{ name: 'public' }], hostnames: ['shop.example.com'] },
    networkPolicy: { from: [peer] },
  },
};

/** Each service's chart by default and with everything on: name, a word for it, its values. */
export const VARIANTS = SERVICES.flatMap((service): [Service, string, object][] => [
  [service, 'by default', {}],
  [service, 'with everything on', EVERYTHING_ON[service]],
]);

/** The services that have MySQL and Kafka. */
export const STORES = ['users', 'inventory', 'orders'] as const;
