// Who may speak to whom: the network policies of all pods, compared with the table of arrows, rule by rule.
import { z } from 'zod';
import {
  describeWith,
  ofKind,
  podsOf,
  render,
  selects,
  type KubeObject,
  type Labels,
  type Pod,
} from './rendered.ts';
import { EVERYTHING_ON } from './valueSets.ts';

/** Every arrow that there is. What is not here is denied. */
const ARROWS = {
  // The one public door.
  'anyone → Deployment gateway': ['TCP 3008'],
  'Pod gateway-test → Deployment gateway': ['TCP 3008'],
  'Deployment gateway → Deployment users': ['TCP 3011'],
  'Deployment gateway → Deployment inventory': ['TCP 3012'],
  'Deployment gateway → Deployment orders': ['TCP 3013'],
  // Asked about users that no message has told of yet, and to send again what Kafka lost.
  'Deployment orders → Deployment users': ['TCP 3011'],
  // Each asks the other to send again what Kafka lost.
  'Deployment orders → Deployment inventory': ['TCP 3012'],
  'Deployment inventory → Deployment orders': ['TCP 3013'],
} as const;

/** Arrows that leave Orderflow: MySQL and Kafka by their ports, for the gateway and the test neither. */
const WAYS_OUT = {
  'Deployment gateway': [],
  'Deployment users': ['TCP 3306', 'TCP 9092'],
  'Deployment inventory': ['TCP 3306', 'TCP 9092'],
  'Deployment orders': ['TCP 3306', 'TCP 9092'],
  'Job users-migrate': ['TCP 3306'],
  'Job inventory-migrate': ['TCP 3306'],
  'Job orders-migrate': ['TCP 3306'],
  'Pod gateway-test': [],
} as const;

const selector = z.strictObject({ matchLabels: z.record(z.string(), z.string()) });
const peer = z.strictObject({
  podSelector: selector.optional(),
  namespaceSelector: selector.optional(),
});
const ports = z.array(z.strictObject({ protocol: z.string(), port: z.number() })).min(1);
const policy = z.strictObject({
  podSelector: selector,
  policyTypes: z.array(z.string()),
  ingress: z.array(z.strictObject({ from: z.array(peer).min(1).optional(), ports })),
  egress: z.array(z.strictObject({ to: z.array(peer).min(1).optional(), ports })),
});
type Policy = z.output<typeof policy>;
type Peer = z.output<typeof peer>;
type Arrows = Readonly<Record<string, readonly string[]>>;

const DNS: Labels = { 'k8s-app': 'kube-dns' };
const DNS_NAMESPACE: Labels = { 'kubernetes.io/metadata.name': 'kube-system' };

describeWith([], 'the network policies', () => {
  let objects: KubeObject[];
  let pods: Pod[];
  let policies: Policy[];

  beforeAll(() => {
    objects = render('orderflow');
    pods = podsOf(objects);
    policies = ofKind(objects, 'NetworkPolicy').map(({ spec }) => policy.parse(spec));
  });

  const policiesOf = (pod: Pod) =>
    policies.filter(({ podSelector }) => selects(podSelector.matchLabels, pod.labels));

  /** The names of those whom a peer of a rule means; a selector that chooses none is a fault. */
  const named = ({ podSelector, namespaceSelector }: Peer): string[] => {
    if (namespaceSelector !== undefined) {
      expect(namespaceSelector.matchLabels).toEqual(DNS_NAMESPACE);
      expect(podSelector?.matchLabels).toEqual(DNS);
      return ['dns'];
    }
    const chosen = pods.filter(({ labels }) => selects(podSelector?.matchLabels ?? {}, labels));
    expect(chosen.length).toBe(1);
    return chosen.map(({ owner }) => owner);
  };
  const portTexts = (rule: { readonly ports: z.output<typeof ports> }) =>
    rule.ports.map(({ protocol, port }) => `${protocol} ${port}`);

  /** All arrows of one direction, as 'from → to': ports. */
  const arrows = (direction: 'ingress' | 'egress'): Record<string, string[]> => {
    const found: Record<string, string[]> = {};
    const add = (arrow: string, texts: readonly string[]) =>
      (found[arrow] = [...(found[arrow] ?? []), ...texts].sort());
    for (const pod of pods) {
      for (const { ingress, egress } of policiesOf(pod)) {
        if (direction === 'ingress') {
          for (const rule of ingress) {
            for (const from of rule.from?.flatMap(named) ?? ['anyone']) {
              add(`${from} → ${pod.owner}`, portTexts(rule));
            }
          }
        } else {
          for (const rule of egress) {
            for (const to of rule.to?.flatMap(named) ?? ['anywhere']) {
              add(`${pod.owner} → ${to}`, portTexts(rule));
            }
          }
        }
      }
    }
    return found;
  };
  const without = (all: Arrows, end: RegExp): Arrows =>
    Object.fromEntries(Object.entries(all).filter(([arrow]) => !end.test(arrow)));

  it('cover all eight kinds of pods, each by one policy that denies both ways', () => {
    expect(pods.map(({ owner }) => owner).sort()).toEqual(Object.keys(WAYS_OUT).sort());
    for (const pod of pods) {
      const own = policiesOf(pod);
      expect([pod.owner, own.length]).toEqual([pod.owner, 1]);
      expect(own[0]?.policyTypes).toEqual(['Ingress', 'Egress']);
    }
  });

  it('let in what the table names, and nothing else', () => {
    // The door is open to anyone, the test's pod too: it needs no rule of its own.
    expect(arrows('ingress')).toEqual(without(ARROWS, /^Pod gateway-test/));
  });

  it('let out what the table names, and nothing else inside', () => {
    const inside = without(arrows('egress'), /→ (dns|anywhere)$/);
    expect(inside).toEqual(without(ARROWS, /^anyone/));
  });

  it('let each pod ask for names, and reach outside only what it needs', () => {
    const outside = without(arrows('egress'), /→ (Deployment|Job|Pod) /);
    const expected: Record<string, readonly string[]> = {};
    for (const [owner, out] of Object.entries<readonly string[]>(WAYS_OUT)) {
      expected[`${owner} → dns`] = ['TCP 53', 'UDP 53'];
      if (out.length > 0) expected[`${owner} → anywhere`] = out;
    }
    expect(outside).toEqual(expected);
  });

  it('reach MySQL and Kafka at the addresses that are named, and nowhere else', () => {
    const policyOfUsers = ofKind(render('users', EVERYTHING_ON.users), 'NetworkPolicy').find(
      ({ metadata }) => metadata.name === 'users',
    );
    const elsewhere = [
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'elsewhere' } } },
    ];
    const tcp = (...numbers: number[]) => numbers.map((port) => ({ protocol: 'TCP', port }));
    const [, ...beyondDns] = z.array(z.unknown()).parse(policyOfUsers?.spec?.egress);
    expect(beyondDns).toEqual([
      { to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: tcp(3306) },
      { to: elsewhere, ports: tcp(9093, 9094, 9095) },
      { to: elsewhere, ports: tcp(443) },
    ]);
  });

  it('let the test in where the door is not open to all', () => {
    const from = [{ ipBlock: { cidr: '10.0.0.0/8' } }];
    const narrowed = render('gateway', { networkPolicy: { from } });
    const [own] = ofKind(narrowed, 'NetworkPolicy').filter(
      ({ metadata }) => metadata.name === 'gateway',
    );
    const test = podsOf(narrowed).find(({ owner }) => owner === 'Pod gateway-test');
    const rules = z
      .array(z.object({ from: z.tuple([z.unknown(), z.object({ podSelector: selector })]) }))
      .parse(own?.spec?.ingress);
    expect(rules[0]?.from[0]).toEqual(from[0]);
    expect(selects(rules[0]?.from[1].podSelector.matchLabels ?? {}, test?.labels ?? {})).toBe(true);
  });
});
