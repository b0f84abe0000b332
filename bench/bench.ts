import { createReport, describeFailure } from '../local/report.ts';
import { readSettings } from '../local/settings.ts';
import { createShutdown } from '../local/shutdown.ts';
import { onStopRequest } from '../local/process/stopRequest.ts';
import { monolithOfStatements, monolithOfProcedure } from './contenders/monolith/monolith.ts';
import { orderflow } from './contenders/orderflow/orderflow.ts';
import { startGround } from './ground.ts';
import { measureRun } from './measure/measureRun.ts';
import { killLoads } from './measure/startLoad.ts';
import { scenarios } from './scenarios.ts';

const report = createReport(process.stdout);
const shutdown = createShutdown(report);
onStopRequest((why) => {
  killLoads();
  void shutdown.run().then(() => process.exit(130));
});
const seconds = Number(process.argv[2] ?? 8);
try {
  const ground = await startGround(readSettings(), report, shutdown);
  console.log(ground.durability, ground.serverPids);
  for (const [contender, pool] of [
    [monolithOfStatements, 16],
    [monolithOfProcedure, 16],
    [orderflow, 10],
  ] as const) {
    const running = await contender.start(ground, pool);
    const t = performance.now();
    const userIds = await running.seedUsers(2000);
    console.log(
      contender.name,
      contender.variant,
      'seeded',
      ((performance.now() - t) / 1000).toFixed(1),
    );
    const subject = { contender, running, userIds };
    for (const scenario of scenarios({ spreadProducts: 1000, dropBuyers: 2000 }).filter(
      (s) => s.name === 'hot' || s.name === 'spread',
    ))
      for (const connections of [64, 256]) {
        const r = await measureRun(ground, subject, scenario, {
          connections,
          warmupSeconds: 3,
          seconds,
          round: 1,
        });
        console.log(
          r.contender,
          r.variant,
          r.scenario,
          r.connections,
          r.load.perSecond.toFixed(0),
          JSON.stringify(r.load.answers),
          JSON.stringify(r.load.latencyMs, (_, v) =>
            typeof v === 'number' ? Math.round(v * 10) / 10 : v,
          ),
          'commits',
          r.commitsPerOrder.toFixed(3),
          'fsyncs',
          r.fsyncsPerOrder.toFixed(3),
          'batches',
          r.kafkaBatchesPerOrder.toFixed(3),
        );
        console.log(
          '   ',
          r.processes
            .map(
              (p) =>
                `${p.name} ${p.cpuMicrosecondsPerOrder.toFixed(0)}µs ${p.rssMib.after.toFixed(0)}M ${p.eventLoopDelayP99Ms?.toFixed(0) ?? '-'}ms`,
            )
            .join(', '),
        );
        for (const f of r.bookFaults) console.log('   FAULT', f);
      }
    await running.close();
  }
} catch (error) {
  console.log(describeFailure(error));
} finally {
  await shutdown.run();
  process.exit();
}
