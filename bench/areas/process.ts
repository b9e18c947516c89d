/** What a process costs: resident memory when idle, and the time from start to ready. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from '../child.ts';
import { median } from '../measure.ts';
import { rowOf, shown } from '../rows.ts';
import { latchkeyProgram, startApp } from '../setup/app.ts';
import type { Program } from '../setup/app.ts';
import { memoryOf } from '../setup/machine.ts';
import { createStoreDatabase } from '../setup/servers.ts';
import { createWorld } from './world.ts';
import type { Bench, Measured } from './world.ts';

/** `npm start` where it was built, for what a user waits for; smoke runs have no build. */
const startProgram = (): Program =>
  existsSync('dist/bundle/latchkey.js') && process.env['LATCHKEY_BENCH_APP'] !== 'compiled'
    ? { command: 'npm', args: ['start'] }
    : latchkeyProgram();

export const measureProcess = async (bench: Bench): Promise<Measured> => {
  const { servers, sizes } = bench;
  const world = await createWorld(bench);
  const { storeUrl, target, slackApiUrl } = world;
  const plan = { servers, storeUrl, target, slackApiUrl };
  const startMs: number[] = [];
  const program = startProgram();
  // The first is cold: its files are not in memory yet.
  for (let start = 0; start <= sizes.starts; start += 1) {
    const app = await startApp(plan, program);
    if (start > 0) startMs.push(app.readyAfterMs);
    await app.stop();
  }
  const plainMs: number[] = [];
  for (let start = 0; program.command === 'npm' && start < sizes.starts; start += 1) {
    const app = await startApp(plan);
    plainMs.push(app.readyAfterMs);
    await app.stop();
  }
  const bare = startChild('drizzle-program');
  await bare.call('start', { url: await createStoreDatabase(servers) });
  const app = await startApp(plan);
  await delay(sizes.idleMs);
  const [ours, limit] = [memoryOf(app.pid).rssMb, memoryOf(bare.pid).rssMb];
  await app.stop();
  await bare.stop();
  await world.stop();
  const started = median(startMs) / 1_000;
  const rows = [
    rowOf('process', {
      what: 'memory when idle',
      unit: 'ratio',
      value: ours / limit,
      goal: { is: 'at most', value: 1.5 },
      ours: `${shown(ours)} MB`,
      limit: `${shown(limit)} MB bare Bolt with Drizzle`,
    }),
    rowOf('process', {
      what: `${[program.command.split('/').at(-1), program.args[0]?.split('/').at(-1)].join(' ')} to ready, warm`,
      unit: 's',
      value: started,
      goal: { is: 'at most', value: 1.5 },
      ours: `${shown(started)} s${plainMs.length > 0 ? `; without npm ${shown(median(plainMs) / 1_000)} s` : ''}`,
      limit: '',
    }),
  ];
  return { rows, details: { startMs, plainMs, idleMb: ours, bareIdleMb: limit } };
};
