// Named points at which a process can be told to die, so that a crash can be had at the worst moment. Inert unless set.
import { writeSync } from 'node:fs';
import { z } from 'zod';

/**
 * Every point. `…in-transaction`: all is written and locked, COMMIT is not sent. `…committed`: COMMIT is answered, and
 * neither relay nor waiting requests know. `relay.sent`: Kafka has acknowledged, the cursors stand where they stood.
 */
export const FAILPOINTS = [
  'request.before-transaction',
  'request.in-transaction',
  'request.committed',
  'consumer.before-transaction',
  'consumer.in-transaction',
  'consumer.committed',
  'relay.before-send',
  'relay.sent',
  'relay.before-save',
  'relay.saved',
  'offsets.before-commit',
  'offsets.committed',
  'answer.untold',
  'gateway.order-sent',
  'gateway.answer-untold',
] as const;
/** The name of a point. */
export type Failpoint = (typeof FAILPOINTS)[number];

/** A point that kills the process when it is passed for the `pass`-th time. */
export interface ArmedFailpoint {
  readonly name: Failpoint;
  readonly pass: number;
}

const EXPECTED = `NAME=kill@N,… (N: the pass that kills, from 1), each NAME one of ${FAILPOINTS.join(', ')}`;

let onPass: ((name: Failpoint) => void) | undefined;

/** Called where a crash is to be tried. Does nothing, for the price of one comparison, unless a point was armed. */
export function failpoint(name: Failpoint): void {
  onPass?.(name);
}

/** Arms points for the rest of the process's life; none: all are inert. `die` is another than kill -9 in tests only. */
export function armFailpoints(
  armed: readonly ArmedFailpoint[],
  die: (name: Failpoint) => void = killThisProcess,
): void {
  const passesLeft = new Map(armed.map(({ name, pass }) => [name, pass]));
  onPass =
    passesLeft.size === 0
      ? undefined
      : (name) => {
          const left = (passesLeft.get(name) ?? Infinity) - 1;
          passesLeft.set(name, left);
          if (left === 0) die(name);
        };
}

/** The setting: `consumer.committed=kill@40,relay.sent=kill@3`. A name that is not there is refused. */
export function failpointsSetting() {
  return z.string(EXPECTED).transform((text, context): ArmedFailpoint[] => {
    const parsed = text.split(',').map((part) => parseOne(part.trim()));
    const armed = parsed.filter((point) => point !== undefined);
    if (armed.length === parsed.length) return armed;
    context.addIssue({ code: 'custom', message: EXPECTED });
    return z.NEVER;
  });
}

function parseOne(text: string): ArmedFailpoint | undefined {
  const [, given, pass] = /^([a-z.-]+)=kill@([1-9]\d{0,8})$/.exec(text) ?? [];
  const name = FAILPOINTS.find((known) => known === given);
  return name === undefined ? undefined : { name, pass: Number(pass) };
}

/** Past every handler and every buffer, as a crash is; the line says afterwards that it was meant. */
function killThisProcess(name: Failpoint): void {
  writeSync(2, `${JSON.stringify({ level: 60, msg: `killed by failpoint ${name}` })}\n`);
  process.kill(process.pid, 'SIGKILL');
}
