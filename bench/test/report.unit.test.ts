import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { drawCharts } from '../report/charts.ts';
import { writeReport } from '../report/writeReport.ts';
import type { BenchResults } from '../results.ts';
import { madeResults, madeRun } from './madeRuns.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'report-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function written(results: BenchResults): string {
  writeReport(results, folder);
  return readFileSync(path.join(folder, 'report.md'), 'utf8');
}

test('a target whose runs are missing is told as not run', () => {
  const report = written(madeResults([madeRun(3_000)]));
  expect(report).toContain('| hot ÷ monolith, 256 connections: at least 3 × | – | not run |');
});

test('targets are told as met or missed', () => {
  const report = written(madeResults([madeRun(3_000)]));
  expect(report).toContain(
    '| hot, commits per order, 256 connections: at most 0.05 per order | 0.04 per order | met |',
  );
  expect(report).toContain('0.2 per order | missed |');
});

test('why the benchmark is void stands above everything else', () => {
  const report = written(madeResults([madeRun(3_000)], { voidReasons: ['the machine was busy'] }));
  expect(report.indexOf('the machine was busy')).toBeGreaterThan(0);
  expect(report.indexOf('the machine was busy')).toBeLessThan(report.indexOf('## Machine'));
});

test('a void run is named with its fault, and is in no table', () => {
  const report = written(madeResults([madeRun(7_777, { bookFaults: ['one too many'] })]));
  expect(report).toContain('- void: orderflow, hot, 256 connections, round 1: one too many');
  expect(report).not.toContain('7,777');
});

test('a throughput is the median with the least and the most', () => {
  const report = written(madeResults([900, 1_000, 1_500].map((rate) => madeRun(rate))));
  expect(report).toContain('| 1,000 (900–1,500) |');
});

test('memory that was watched is told early and late, by process', () => {
  const memory = Array.from({ length: 9 }, (_, atSeconds) => ({
    atSeconds,
    rssMib: { orders: 150 + 5 * atSeconds },
  }));
  const report = written(madeResults([madeRun(2_000, { scenario: 'backlog', memory })]));
  expect(report).toContain('| backlog, round 1, 10 s | orders | 155 | 185 | 1.19 |');
});

test('a missed ratio is told with the CPU that an order takes and with what it might take', () => {
  const report = written(madeResults([madeRun(1_500), madeRun(1_000, { contender: 'monolith' })]));
  expect(report).toContain('| 1.5 | 145 CPU µs an order; it takes 290 (orders 200, mysql 90) |');
});

test('a profile stands beside what was missed, with its commit and its flame graphs', () => {
  mkdirSync(path.join(folder, 'charts'));
  writeFileSync(path.join(folder, 'charts', 'flame-orders.svg'), '');
  const services = [
    { name: 'orders', shares: [{ place: 'zod', share: 0.25 }] },
    { name: 'gateway', shares: [{ place: 'express', share: 0.01 }] },
  ];
  const setting = { startedAt: '', commit: 'fee1bad', load: 'hot', perSecond: 2_000 };
  writeReport(madeResults([madeRun(1_000)]), folder, { ...setting, services });
  const report = readFileSync(path.join(folder, 'report.md'), 'utf8');
  expect(report).toContain('2,000 orders/s, of commit fee1bad');
  expect(report).toContain('| zod | 25.0 % | 0.0 % |');
  expect(report).not.toContain('| express |');
  expect(report).toContain('(charts/flame-orders.svg)');
});

test('charts of an earlier benchmark do not stay', () => {
  writeReport(madeResults([madeRun(1_000, { connections: 64 })]), folder);
  writeReport(madeResults([madeRun(1_000)]), folder);
  expect(readdirSync(path.join(folder, 'charts'))).toEqual(['throughput-256.svg']);
});

test('the targets are in the JSON', () => {
  writeReport(madeResults([madeRun(1_000)]), folder);
  const json: unknown = JSON.parse(readFileSync(path.join(folder, 'results.json'), 'utf8'));
  expect(json).toMatchObject({ targets: [{ unit: 'per order', isMet: true }, { isMet: false }] });
});

test('a chart has a bar for each contender that counts, the longest for the fastest', () => {
  const [chart] = drawCharts([
    madeRun(2_000),
    madeRun(1_000, { contender: 'monolith-batched' }),
    madeRun(500, { contender: 'monolith', bookFaults: ['wrong'] }),
  ]);
  const widths = [...(chart?.svg ?? '').matchAll(/width="([\d.]+)" height="18"/g)].map(
    ([, width]) => Number(width),
  );
  expect(widths).toEqual([570, 285]);
});

test('latencies are drawn over the rates at which orders arrived', () => {
  const charts = drawCharts([500, 1_000].map((rate) => madeRun(rate, { arrivalsPerSecond: rate })));
  expect(charts.map(({ fileName }) => fileName)).toEqual(['latency-hot.svg']);
  expect(charts[0]?.svg.match(/<circle/g)).toHaveLength(6);
});
