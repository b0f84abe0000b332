// What an audit found, for people and for programs.
import { formatPlace } from '@orderflow/shared/messaging/chain.ts';
import { DATA_SERVICES } from '../config.ts';
import type { Cut } from '../cut.ts';
import type { VerbResult } from '../verb.ts';
import type { AuditResult, PerService } from './audit.ts';
import { PROMISE_NAMES, PROMISES } from './findings.ts';
import type { TopicFigures } from './kafkaTopics.ts';

/** What is reported. */
export interface ReportInput {
  readonly result: AuditResult;
  readonly snapshots: Cut['snapshots'];
  readonly since: PerService;
  readonly live: boolean;
  /** By topic; undefined if no topics were read. */
  readonly topics: ReadonlyMap<string, TopicFigures> | undefined;
  readonly seconds: number;
  readonly peakMegabytes: number;
}

/** The report. Damage to the logs comes first: what else is told may follow from it. */
export function reportOf(input: ReportInput): VerbResult {
  const { findings } = input.result;
  const breaches = findings.breaches.toSorted(
    (a, b) => Number(b.promise === 'P9') - Number(a.promise === 'P9'),
  );
  const json = { isClean: findings.total === 0, breaches, ...figuresOf(input) };
  const lines = [
    ...promiseLines(input),
    '',
    ...figureLines(input),
    '',
    ...breaches.map(({ promise, text }) => `BREACH of ${promise}: ${text}`),
    ...untold(input),
    verdictOf(findings.total),
  ];
  return { line: lines.join('\n'), json, isBreach: findings.total > 0 };
}

/** What the next `--since` may begin with. */
function upTo(snapshots: Cut['snapshots']): string {
  return DATA_SERVICES.map((service) => snapshots[service].position).join('/');
}

function figuresOf(input: ReportInput) {
  const { result, snapshots, since, live, topics, seconds, peakMegabytes } = input;
  const { findings, events, orders, inFlight, parked, notCompared, doubts } = result;
  return {
    cut: Object.fromEntries(
      DATA_SERVICES.map((service) => {
        const { incarnation, position } = snapshots[service];
        return [service, { incarnation, position }];
      }),
    ),
    ...{ live, since, upTo: upTo(snapshots), events, orders, inFlight, notCompared, doubts },
    parked: parked.map(({ consumer, topic, partition, key, place, reason }) => ({
      ...{ consumer, topic, partition, key, place: formatPlace(place), reason },
    })),
    promises: Object.fromEntries(PROMISE_NAMES.map((name) => [name, findings.figuresOf(name)])),
    ...(topics === undefined ? {} : { topics: Object.fromEntries(topics) }),
    ...{ seconds, peakMegabytes },
  };
}

function promiseLines({ result: { findings } }: ReportInput): string[] {
  return PROMISE_NAMES.map((name) => {
    const { checked, breaches } = findings.figuresOf(name);
    const verdict =
      breaches > 0 ? `${count(breaches)} BREACHES` : checked > 0 ? 'kept' : 'unchecked';
    return `${name}  ${PROMISES[name].padEnd(39)} ${verdict.padEnd(12)} ${count(checked)} checked`;
  });
}

function figureLines(input: ReportInput): string[] {
  const { result, snapshots, topics, seconds, peakMegabytes, since } = input;
  const { events, orders, inFlight, parked, notCompared, doubts } = result;
  const waiting = Object.entries(inFlight.messages).map(
    ([link, messages]) => `${link} ${messages}`,
  );
  const notSent = Object.entries(inFlight.notSent).map(
    ([topic, messages]) => `${topic} ${messages}`,
  );
  const rate = Math.round(orders.requested / Math.max(seconds, 0.001));
  const from = Object.values(since).some((position) => position > 0);
  return [
    `cut        ${DATA_SERVICES.map((service) => `${service} ${formatHead(snapshots[service])}`).join(', ')}`,
    `read       ${count(events)} events, ${count(orders.requested)} orders (${count(orders.confirmed)} confirmed, ${count(orders.rejected)} rejected) in ${seconds.toFixed(1)} s: ${count(rate)} orders/s, ${peakMegabytes} MB at most`,
    `in flight  ${inFlight.undecidedOrders} undecided orders; messages not handled: ${waiting.join(', ')}; not sent, as far as is stored: ${notSent.join(', ')}`,
    ...parked.map(
      ({ consumer, topic, key, place, reason }) =>
        `parked     ${consumer} has put aside ${topic} ${formatPlace(place)} of key ${key}: ${reason}`,
    ),
    ...[...(topics ?? [])].map(
      ([topic, { records, repeats, late, lost, notKept }]) =>
        `topic      ${topic}: ${count(records)} records, ${count(repeats)} of them repeats, ${count(late)} sent late after a loss, ${count(lost)} of a history lost by a restore; ${count(notKept)} messages of the log are not kept any more`,
    ),
    ...doubts.map((doubt) => `doubt      ${doubt}`),
    ...notCompared.map((reason) => `unchecked  ${reason}`),
    ...(from
      ? ['unchecked  what stands before --since, but where a later event refers to it']
      : []),
    `next       --since ${upTo(snapshots)} looks at what comes later`,
  ];
}

function verdictOf(breaches: number): string {
  if (breaches === 0) return 'No breach.';
  return breaches === 1 ? '1 breach.' : `${count(breaches)} breaches.`;
}

function untold({ result: { findings } }: ReportInput): string[] {
  const more = findings.total - findings.breaches.length;
  return more === 0 ? [] : [`… and ${count(more)} more of the same promises`];
}

function formatHead({ incarnation, position }: { incarnation: number; position: number }): string {
  return `${incarnation}.${position}`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
