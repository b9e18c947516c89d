/** The whole way, against bare acknowledgements and against the sum of its stages, with what it left behind checked. */
import { startChild } from '../child.ts';
import { assertThat, median, spreadOf } from '../measure.ts';
import { ms, perSecond, rowOf, shown } from '../rows.ts';
import type { Row } from '../rows.ts';
import type { Acks, AcksInput, Flows, FlowsInput } from '../load/program.ts';
import type { Stages, StagesInput } from '../load/stages.ts';
import type { Walked } from '../load/flow.ts';
import { cpuMsOf, memoryOf } from '../setup/machine.ts';
import { loginsIn, rowsFrom } from '../setup/servers.ts';
import { untilAllRemoved, untilAllNotified } from './ending.ts';
import { createWorld } from './world.ts';
import type { Bench, Measured, World } from './world.ts';

const CROWD = 32;

type Alone = { ackMs: number; transactionMs: number; roleMs: number; loginMs: number };

/** As many logins as there were flows since the last time, and then none: what a login costs grows with their number (see *growth*). */
const endAll = async (world: World, flows: number): Promise<void> => {
  const logins = await loginsIn(world.target);
  assertThat(logins === flows, `${logins} logins for ${flows} flows.`);
  await rowsFrom(world.storeUrl, `update grants set expires_at = clock_timestamp() where state = 'active'`);
  await untilAllRemoved(world, '');
  await untilAllNotified(world);
  assertThat((await loginsIn(world.target)) === 0, 'logins were left in the target.');
};

/** One audit event of each step for each flow. */
const assertWork = async (world: World, flows: number): Promise<void> => {
  const types = ['request.created', 'vote.cast', 'request.approved', 'grant.activating', 'grant.active'];
  const counts = await rowsFrom<{ type: string; n: number; grants: number }>(
    world.storeUrl,
    `select type, count(*)::int as n, count(distinct request_id)::int as grants from audit_events where type = any($1) group by 1`,
    [types],
  );
  for (const { type, n, grants } of counts)
    assertThat(n === flows && grants === flows, `${n} events ${type} of ${grants} requests for ${flows} flows.`);
  assertThat(
    counts.length === types.length,
    `only events of the types ${counts.map(({ type }) => type).join(', ')} were recorded.`,
  );
};

const latencyRows = (walked: Walked[], alone: Alone): Row[] => {
  const credential = spreadOf(walked.map(({ credentialMs }) => credentialMs));
  const loggedIn = spreadOf(walked.map(({ loggedInMs }) => loggedInMs));
  const view = spreadOf(walked.map(({ shownMs }) => shownMs));
  const untilRole = alone.ackMs + 2 * alone.transactionMs + alone.roleMs;
  const goal = { is: 'at most', value: 1.5 } as const;
  const stages = `ack ${ms(alone.ackMs)} + 2 transactions ${ms(alone.transactionMs)} + role ${ms(alone.roleMs)}`;
  return [
    rowOf('flow', {
      what: 'click to credential, p50 at 1',
      unit: 'ratio',
      value: credential.p50 / untilRole,
      goal,
      ours: `${ms(credential.p50)}, p99 ${ms(credential.p99)}`,
      limit: `${ms(untilRole)} = ${stages}`,
    }),
    rowOf('flow', {
      what: 'click to logged in, p50 at 1',
      unit: 'ratio',
      value: loggedIn.p50 / (untilRole + alone.loginMs),
      goal,
      ours: `${ms(loggedIn.p50)}, p99 ${ms(loggedIn.p99)}`,
      limit: `${ms(untilRole + alone.loginMs)} = the same + login ${ms(alone.loginMs)}`,
    }),
    rowOf('flow', {
      what: 'Show credentials to shown, p50 at 1',
      unit: 'ms',
      value: view.p50,
      goal: null,
      ours: `${ms(view.p50)}, p99 ${ms(view.p99)}`,
      limit: '',
    }),
  ];
};

/** Each statement outside of a transaction counts as one. What this takes no busy machine changes. */
const committed = async ({ storeUrl }: World): Promise<number> => {
  const [row] = await rowsFrom<{ n: number }>(
    storeUrl,
    'select xact_commit::int as n from pg_stat_database where datname = current_database()',
  );
  return row?.n ?? Number.NaN;
};

export const measureFlow = async (bench: Bench): Promise<Measured> => {
  const { rounds, roundMs, warmUpMs, singleFlows, crowdFlows, stages } = bench.sizes;
  const world = await createWorld(bench);
  const { load, storeUrl, target } = world;
  const app = await world.start();
  await load.call('watch', { storeUrl });
  const bolt = startChild('bolt-program');
  const boltUrl = `http://127.0.0.1:${await bolt.call<number>('start')}`;
  const acks = (callers: number, durationMs: number): Promise<Acks> =>
    load.call<Acks>('acks', {
      url: boltUrl,
      callers,
      durationMs,
      text: 'help',
      isAnswered: false,
      pauseMs: callers === 1 ? 3 : 0,
    } satisfies AcksInput);
  let total = 0;
  let live = 0;
  const clear = async (): Promise<void> => {
    await endAll(world, live);
    live = 0;
  };
  const flows = (callers: number, count: number, isShown: boolean): Promise<Flows> => {
    total += count;
    live += count;
    return load.call<Flows>('flows', {
      url: app.url,
      callers,
      count,
      group: target.group,
      isShown,
    } satisfies FlowsInput);
  };
  await acks(CROWD, warmUpMs);
  await flows(1, Math.ceil(singleFlows / 3), true);
  const stagesInput: StagesInput = { storeUrl, target, count: stages };
  const before = await load.call<Stages>('stages', stagesInput);
  const single = await flows(1, singleFlows, true);
  const after = await load.call<Stages>('stages', stagesInput);
  const alone: Alone = {
    ackMs: median((await acks(1, roundMs)).times),
    transactionMs: median([...before.transactionMs, ...after.transactionMs]),
    roleMs: median([...before.roleMs, ...after.roleMs]),
    loginMs: median([...before.loginMs, ...after.loginMs]),
  };
  await clear();
  await flows(CROWD, CROWD * 2, false);
  const made: { limit: number; ours: number; loggedInP99Ms: number; cpuMs: number; commits: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const limit = await acks(CROWD, roundMs);
    const [cpuBefore, commitsBefore] = [cpuMsOf(app.pid), await committed(world)];
    const ours = await flows(CROWD, crowdFlows, false);
    const cpuMs = (cpuMsOf(app.pid) - cpuBefore) / crowdFlows;
    const loggedInP99Ms = spreadOf(ours.walked.map(({ loggedInMs }) => loggedInMs)).p99;
    const commits = ((await committed(world)) - commitsBefore) / crowdFlows;
    made.push({ limit: limit.perSecond, ours: ours.perSecond, loggedInP99Ms, cpuMs, commits });
    await clear();
  }
  const commits = median(made.map((round) => round.commits));
  const { peakMb } = memoryOf(app.pid);
  await assertWork(world, total);
  const slackCalls = await load.call<Record<string, number>>('slackCalls');
  await load.call('unwatch');
  await bolt.stop();
  await world.stop();
  const rows = [
    rowOf('flow', {
      what: `flows per second at ${CROWD}`,
      unit: 'ratio',
      value: median(made.map(({ ours, limit }) => ours / limit)),
      goal: { is: 'at least', value: 0.05 },
      ours: `${perSecond(median(made.map(({ ours }) => ours)))}, click to logged in p99 ${ms(median(made.map((round) => round.loggedInP99Ms)))}`,
      limit: `${perSecond(median(made.map(({ limit }) => limit)))} bare acks`,
    }),
    ...latencyRows(single.walked, alone),
    rowOf('flow', {
      what: 'processor time of a flow',
      unit: 'ms',
      value: median(made.map(({ cpuMs }) => cpuMs)),
      goal: null,
      ours: `of the Latchkey process; ${shown(commits)} commits in the store`,
      limit: '',
    }),
    rowOf('flow', {
      what: 'most memory under this load',
      unit: 'MB',
      value: peakMb,
      goal: { is: 'at most', value: 250 },
      ours: `${Math.round(peakMb)} MB`,
      limit: '',
    }),
  ];
  return { rows, details: { alone, commits, single: summaryOf(single.walked), crowd: made, flows: total, slackCalls } };
};

const summaryOf = (walked: Walked[]) => ({
  askAckMs: spreadOf(walked.map(({ askAckMs }) => askAckMs)),
  clickAckMs: spreadOf(walked.map(({ clickAckMs }) => clickAckMs)),
  activeMs: spreadOf(walked.map(({ activeMs }) => activeMs)),
  credentialMs: spreadOf(walked.map(({ credentialMs }) => credentialMs)),
  loggedInMs: spreadOf(walked.map(({ loggedInMs }) => loggedInMs)),
  shownMs: spreadOf(walked.map(({ shownMs }) => shownMs)),
});
