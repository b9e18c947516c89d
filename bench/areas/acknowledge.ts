/** Slash acknowledgement: a Bolt app that only says `ack()`, and Latchkey over HTTP, in turns. */
import { startChild } from '../child.ts';
import { median, spreadOf } from '../measure.ts';
import type { Spread } from '../measure.ts';
import { ms, perSecond, rowOf } from '../rows.ts';
import type { Row } from '../rows.ts';
import { cpuMsOf } from '../setup/machine.ts';
import type { Acks, AcksInput } from '../load/program.ts';
import { createWorld } from './world.ts';
import type { Bench, Measured } from './world.ts';

type Side = { callers: number; url: string; text: string; isAnswered: boolean; pauseMs: number };
type Round = { limit: Spread; ours: Spread; limitPerSecond: number; limitCpuMs: number; oursCpuMs: number };

const GOAL = { is: 'at most', value: 1.5 } as const;
const CALLERS = [1, 32];
/** One person alone: what the last command left to do must not be in the way of the next one's acknowledgement. */
const ALONE_PAUSE_MS = 3;

const rowsOf = (callers: number, rounds: Round[]): Row[] => {
  const middle = (of: (round: Round) => number): number => median(rounds.map(of));
  const row = (rank: 'p50' | 'p99', goal: typeof GOAL | null): Row =>
    rowOf('acknowledge', {
      what: `${rank} at ${callers}`,
      unit: 'ratio',
      value: middle(({ limit, ours }) => ours[rank] / limit[rank]),
      goal,
      ours: ms(middle(({ ours }) => ours[rank])),
      limit: `${ms(middle(({ limit }) => limit[rank]))} bare Bolt, ${perSecond(middle((round) => round.limitPerSecond))}`,
    });
  return [
    row('p99', GOAL),
    row('p50', null),
    rowOf('acknowledge', {
      what: `processor time at ${callers}`,
      unit: 'ratio',
      value: middle(({ oursCpuMs, limitCpuMs }) => oursCpuMs / limitCpuMs),
      goal: null,
      ours: `${ms(middle((round) => round.oursCpuMs))} each, with the answer to "help"`,
      limit: `${ms(middle((round) => round.limitCpuMs))} each`,
    }),
  ];
};

export const measureAcknowledge = async (bench: Bench): Promise<Measured> => {
  const { rounds, roundMs, warmUpMs } = bench.sizes;
  const world = await createWorld(bench);
  const app = await world.start();
  const bolt = startChild('bolt-program');
  const boltUrl = `http://127.0.0.1:${await bolt.call<number>('start')}`;
  const run = async (side: Side, durationMs: number): Promise<Acks & { cpuMs: number }> => {
    const pid = side.isAnswered ? app.pid : bolt.pid;
    const before = cpuMsOf(pid);
    const acks = await world.load.call<Acks>('acks', { ...side, durationMs } satisfies AcksInput);
    return { ...acks, cpuMs: (cpuMsOf(pid) - before) / acks.times.length };
  };
  const rows: Row[] = [];
  const details: Record<string, unknown> = {};
  for (const callers of CALLERS) {
    const common = { callers, text: 'help', pauseMs: callers === 1 ? ALONE_PAUSE_MS : 0 };
    const limit = { ...common, url: boltUrl, isAnswered: false };
    const ours = { ...common, url: app.url, isAnswered: true };
    await run(limit, warmUpMs);
    await run(ours, warmUpMs);
    const made: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const limitAcks = await run(limit, roundMs);
      const ourAcks = await run(ours, roundMs);
      made.push({
        limit: spreadOf(limitAcks.times),
        ours: spreadOf(ourAcks.times),
        limitPerSecond: limitAcks.perSecond,
        limitCpuMs: limitAcks.cpuMs,
        oursCpuMs: ourAcks.cpuMs,
      });
    }
    rows.push(...rowsOf(callers, made));
    details[`at${callers}`] = made;
  }
  await bolt.stop();
  await world.stop();
  return { rows, details };
};
