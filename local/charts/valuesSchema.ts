// The schemas of the charts' values: one for each chart, from the same pieces, so that what they share cannot differ.
import { SERVICES, type Chart, type Service } from './catalogue.ts';
import { kafka, mysql, settings } from './serverSchemas.ts';
import {
  dataKey,
  flag,
  objectName,
  oneOf,
  only,
  optionalName,
  passedOn,
  text,
  whole,
  type Schema,
} from './schemaParts.ts';

/** Whom a service calls; the chart has a URL for each. */
const CALLS: Readonly<Record<Service, readonly Service[]>> = {
  users: [],
  inventory: ['orders'],
  orders: ['users', 'inventory'],
  gateway: ['users', 'inventory', 'orders'],
};

/** The text of a chart's values.schema.json. */
export function valuesSchemaText(chart: Chart): string {
  const body =
    chart === 'orderflow' ? umbrella() : only(`Values of ${chart}`, serviceValues(chart));
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', ...body };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

function umbrella(): Schema {
  const blocks = SERVICES.map((service): [string, Schema] => [
    service,
    // Helm checks the block against that chart's own schema.
    passedOn('object', `Values of the chart ${service}`),
  ]);
  const shared = only('Laid over the blocks of the same name in each service', {
    image: image(),
    mysql: mysql('the service'),
    kafka: kafka('the service'),
  });
  return only('Values of the umbrella chart', { global: shared, ...Object.fromEntries(blocks) });
}

function serviceValues(service: Service): Record<string, Schema> {
  const stores = service !== 'gateway';
  const consumes = service === 'inventory' || service === 'orders';
  return {
    // Any keys: in an umbrella of other charts, theirs stand here too.
    global: passedOn('object', 'Laid over image, mysql and kafka: said once for all services'),
    'orderflow-lib': passedOn('object', 'Set by Helm for the library chart'),
    fullnameOverride: text('Name of all objects', '^([a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?)?$'),
    image: image(),
    imagePullSecrets: passedOn('array', 'Secrets with the credentials of the registry'),
    replicas: whole('Pods, while no autoscaler is on', 0, 100),
    ...(CALLS[service].length === 0 ? {} : { peers: peers(service) }),
    ...(stores ? { mysql: mysql(service), kafka: kafka(service), migration: migration() } : {}),
    ...(service === 'orders' ? { idempotency: idempotency() } : {}),
    settings: settings(service),
    ...pods(),
    autoscaling: autoscaling(),
    ...(consumes ? { keda: keda() } : {}),
    networkPolicy: networkPolicy(service),
    ...monitoring(consumes),
    ...(stores ? {} : publicDoor()),
  };
}

function image(): Schema {
  return only('The image', {
    registry: text(
      'Host (and port) of a registry, or nothing',
      '^([a-zA-Z0-9][-.a-zA-Z0-9]*(:[0-9]{1,5})?(/[-._a-z0-9]+)*)?$',
    ),
    repository: text('Name of the image', '^[a-z0-9][-._/a-z0-9]*$'),
    tag: text('Version; nothing: the appVersion of the chart', '^[-._a-zA-Z0-9]{0,128}$'),
    digest: text('sha256:... instead of the tag, or nothing', '^(sha256:[0-9a-f]{64})?$'),
    pullPolicy: oneOf('When the image is pulled', ['IfNotPresent', 'Always', 'Never']),
  });
}

function peers(service: Service): Schema {
  const urls = CALLS[service].map((peer): [string, Schema] => [
    peer,
    text(`Base URL of ${peer}: http://host:port, no path`, '^http://[^/\\s]+$'),
  ]);
  return only('Base URLs of the services that this one calls', Object.fromEntries(urls));
}

function migration(): Schema {
  return only('The Job that migrates', {
    backoffLimit: whole('Tries after the first', 0, 20),
    activeDeadlineSeconds: whole('Seconds for all tries', 10, 86_400),
    resources: passedOn('object', 'Requests and limits of its pod'),
  });
}

function idempotency(): Schema {
  return only('The key by which a repeated request is known', {
    existingSecret: objectName('Secret that holds it'),
    secretKey: dataKey('Key in that Secret'),
  });
}

function pods(): Record<string, Schema> {
  return {
    resources: passedOn('object', 'Requests and limits of each pod'),
    startupSeconds: whole('Seconds in which a new pod must begin to listen', 10, 3600),
    preStopSleepSeconds: whole('Seconds for which a pod that goes down still answers', 1, 120),
    podDisruptionBudget: only('While nodes are drained', {
      maxUnavailable: whole('Pods that may be away at once', 1, 100),
    }),
    topologySpread: only('Over zones and nodes', {
      whenUnsatisfiable: oneOf('A wish or a condition', ['ScheduleAnyway', 'DoNotSchedule']),
    }),
    serviceAccount: only('The account of the pods', {
      annotations: passedOn('object', 'Annotations of it'),
    }),
    podAnnotations: passedOn('object', 'Added to the pods'),
    podLabels: passedOn('object', 'Added to the pods'),
    nodeSelector: passedOn('object', 'Where the pods may run'),
    tolerations: passedOn('array', 'Where the pods may run'),
    affinity: passedOn('object', 'Where the pods may run'),
    priorityClassName: optionalName('Priority of the pods'),
  };
}

function autoscaling(): Schema {
  return only('A HorizontalPodAutoscaler on CPU', {
    enabled: flag('On or off'),
    minReplicas: whole('Pods at least', 1, 100),
    maxReplicas: whole('Pods at most', 1, 100),
    targetCpuPercent: whole('Per cent of the CPU request', 1, 1000),
  });
}

function keda(): Schema {
  return only('A KEDA ScaledObject on waiting messages', {
    enabled: flag('On or off'),
    minReplicas: whole('Pods at least; never 0', 1, 100),
    maxReplicas: whole('Pods at most; not more than partitions', 1, 1000),
    lagThreshold: whole('Waiting messages for each pod', 1, 1_000_000_000),
    pollingSeconds: whole('How often KEDA looks', 5, 3600),
  });
}

function networkPolicy(service: Service): Schema {
  const to = passedOn('array', 'NetworkPolicy peers; none: any address');
  const port = whole('A port', 1, 65_535);
  return only('What may be reached, and by whom', {
    enabled: flag('On or off'),
    ...(service === 'gateway'
      ? { from: passedOn('array', 'Who may reach the gateway; none: everyone') }
      : {
          mysql: only('Where MySQL is', { to }),
          kafka: only('Where Kafka is', {
            to,
            ports: { description: 'Further ports of brokers', type: 'array', items: port },
          }),
        }),
    dns: only('Where names are resolved', { port, to: { ...to, minItems: 1 } }),
    metricsFrom: { ...passedOn('array', 'Who may read the metrics'), minItems: 1 },
    extraIngress: passedOn('array', 'Whole rules to be added'),
    extraEgress: passedOn('array', 'Whole rules to be added'),
  });
}

function monitoring(consumes: boolean): Record<string, Schema> {
  const labels = passedOn('object', 'Labels by which Prometheus chooses it');
  return {
    serviceMonitor: only('For the Prometheus operator', {
      enabled: flag('On or off; the services have no metrics endpoint yet'),
      path: text('Path of the metrics', '^/'),
      interval: text('How often they are read', '^[0-9]+(ms|s|m|h)$'),
      labels,
    }),
    prometheusRule: only('Alerts', {
      enabled: flag('On or off'),
      labels,
      ...(consumes ? { lagMessages: whole('Messages behind', 1, 1_000_000_000) } : {}),
    }),
  };
}

function publicDoor(): Record<string, Schema> {
  return {
    ingress: only('An Ingress to the gateway', {
      enabled: flag('On or off'),
      className: optionalName('IngressClass'),
      annotations: passedOn('object', 'Annotations of it'),
      host: text('Host name', '^(\\*\\.)?[-a-z0-9.]+$'),
      tlsSecret: optionalName('Secret of type kubernetes.io/tls'),
    }),
    httpRoute: only('A route of the Gateway API', {
      enabled: flag('On or off'),
      parentRefs: passedOn('array', 'The Gateways that it belongs to'),
      hostnames: { description: 'Host names', type: 'array', items: { type: 'string' } },
    }),
    test: only('What helm test does', {
      orders: whole('Orders that it places', 1, 1000),
      timeoutSeconds: whole('Seconds for all of it', 20, 3600),
    }),
  };
}
