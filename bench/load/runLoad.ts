// Runs a load: closed loop (each connection sends when it has its answer) or open loop (requests are due at fixed times).
import { createConnection, NO_ANSWER, type Connection } from './connection.ts';
import type { LoadOutcome, LoadPlan } from './plan.ts';
import { createRequests, type DrawnRequest } from './requests.ts';
import { countOne, summarize, type Counts } from './tally.ts';

const TIMEOUT_LOOK_MS = 100;
const OPEN_LOOP_TICK_MS = 1;

/** The measured window, and whoever wants to know when it begins and ends. */
interface Window {
  readonly note: (dueAt: number, isOrder: boolean, status: number) => void;
  readonly isOver: () => boolean;
  readonly finish: () => LoadOutcome;
}

/** Runs the plan to its end; `tell` is called when the measured window begins and when it ends. */
export async function runLoad(
  plan: LoadPlan,
  tell: (what: 'begin' | 'end') => void,
): Promise<LoadOutcome> {
  const connections = Array.from({ length: plan.connections }, () => createConnection(plan));
  const giveUp = setInterval(() => {
    const earliest = performance.now() - plan.timeoutMs;
    for (const connection of connections) connection.giveUpIfOlder(earliest);
  }, TIMEOUT_LOOK_MS);
  const window = openWindow(plan, tell);
  const nextRequest = createRequests(plan);
  try {
    const { arrivalsPerSecond } = plan;
    if (arrivalsPerSecond === undefined) {
      await Promise.all(connections.map((each) => runClosedLoop(each, nextRequest, window)));
    } else {
      await runOpenLoop(connections, { ...plan, arrivalsPerSecond }, nextRequest, window);
    }
    return window.finish();
  } finally {
    clearInterval(giveUp);
    for (const connection of connections) connection.close();
  }
}

function openWindow(plan: LoadPlan, tell: (what: 'begin' | 'end') => void): Window {
  const answers: Counts = {};
  const orderAnswers: Counts = {};
  const latencies: number[] = [];
  const rss = () => process.memoryUsage.rss() / 1024 / 1024;
  let begun: { at: number; cpu: NodeJS.CpuUsage; rssMib: number } | undefined;
  let ended: Pick<LoadOutcome, 'seconds' | 'cpuMicroseconds' | 'rssMib'> | undefined;
  const begin = () => {
    begun = { at: performance.now(), cpu: process.cpuUsage(), rssMib: rss() };
    tell('begin');
  };
  const end = () => {
    if (begun === undefined || ended !== undefined) return;
    const { user, system } = process.cpuUsage(begun.cpu);
    ended = {
      seconds: (performance.now() - begun.at) / 1_000,
      cpuMicroseconds: user + system,
      rssMib: { before: begun.rssMib, after: rss() },
    };
    tell('end');
  };
  // Open loop: what was due in the window counts whenever it is answered, or the longest waits would be left out.
  const isInWindow = (dueAt: number) => {
    if (begun === undefined) return false;
    if (plan.arrivalsPerSecond === undefined) return ended === undefined;
    return dueAt >= begun.at && (ended === undefined || dueAt < begun.at + ended.seconds * 1_000);
  };
  const warmupMs = plan.warmupSeconds * 1_000;
  if (warmupMs === 0) begin();
  const timers = [
    ...(warmupMs === 0 ? [] : [setTimeout(begin, warmupMs)]),
    setTimeout(end, warmupMs + plan.seconds * 1_000),
  ];
  return {
    note: (dueAt, isOrder, status) => {
      if (isOrder) countOne(orderAnswers, status);
      if (!isInWindow(dueAt)) return;
      countOne(answers, status);
      latencies.push(performance.now() - dueAt);
    },
    isOver: () => ended !== undefined,
    finish: () => {
      for (const timer of timers) clearTimeout(timer);
      end(); // the orders ran out before the time did
      if (ended === undefined) throw new Error('The load was over before its window began');
      return { ...ended, answers, orderAnswers, latencyMs: summarize(latencies) };
    },
  };
}

/** One connection: a request, its answer, the next request. Resolves when the window is over, after the last answer. */
function runClosedLoop(
  connection: Connection,
  nextRequest: () => DrawnRequest | undefined,
  window: Window,
): Promise<void> {
  return new Promise((resolve) => {
    const step = () => {
      const request = window.isOver() ? undefined : nextRequest();
      if (request === undefined) {
        resolve();
        return;
      }
      const sentAt = performance.now();
      connection.send(request.text, (status) => {
        window.note(sentAt, request.isOrder, status);
        // Not from within: a server that refuses each connection at once would grow the stack.
        if (status === NO_ANSWER) setImmediate(step);
        else step();
      });
    };
    step();
  });
}

/**
 * Requests are due at fixed times. One that finds no free connection waits for one, and its latency counts from when it
 * was due: a stall of the server is not hidden by sending less.
 */
function runOpenLoop(
  connections: readonly Connection[],
  plan: { readonly arrivalsPerSecond: number; readonly timeoutMs: number },
  nextRequest: () => DrawnRequest | undefined,
  window: Window,
): Promise<void> {
  const queue = createSendQueue(connections, window);
  const startedAt = performance.now();
  let scheduled = 0;
  const schedule = (now: number) => {
    while (!window.isOver()) {
      const dueAt = startedAt + (scheduled * 1_000) / plan.arrivalsPerSecond;
      if (dueAt > now) return;
      scheduled += 1;
      const request = nextRequest();
      if (request !== undefined) queue.add({ dueAt, request });
    }
  };
  let overSince: number | undefined;
  return new Promise((resolve) => {
    const tick = setInterval(() => {
      const now = performance.now();
      schedule(now);
      queue.sendDue();
      if (!window.isOver()) return;
      overSince ??= now;
      if (now - overSince > plan.timeoutMs) queue.giveUp();
      if (!queue.isEmpty()) return;
      clearInterval(tick);
      resolve();
    }, OPEN_LOOP_TICK_MS);
  });
}

interface DueRequest {
  readonly dueAt: number;
  readonly request: DrawnRequest;
}

/** Requests that are due, and the connections that are free to take them. */
function createSendQueue(connections: readonly Connection[], window: Window) {
  const free = [...connections];
  const due: DueRequest[] = [];
  let inFlight = 0;
  const sendDue = () => {
    while (free.length > 0) {
      const next = due.shift();
      if (next === undefined) return;
      send(free.pop(), next);
    }
  };
  const send = (connection: Connection | undefined, { dueAt, request }: DueRequest) => {
    if (connection === undefined) throw new Error('There is no free connection');
    inFlight += 1;
    connection.send(request.text, (status) => {
      inFlight -= 1;
      window.note(dueAt, request.isOrder, status);
      free.push(connection);
      sendDue();
    });
  };
  return {
    add: (request: DueRequest) => due.push(request),
    sendDue,
    isEmpty: () => inFlight === 0 && due.length === 0,
    /** What waited too long for a connection was never sent: no answer, and no order that the books could know of. */
    giveUp: () => {
      for (const { dueAt } of due.splice(0)) window.note(dueAt, false, NO_ANSWER);
    },
  };
}
