/** In a real Slack: 120 ms for each call and the documented limits kept, many request at once, and an approver clicks on each. */
import { setTimeout as delay } from 'node:timers/promises';
import { SOCKETS } from '../../src/slack/connection/receiver-socket.ts';
import { callsSince, rush, startRealSlack } from '../load/workspace.ts';
import type { Asked, RealSlack } from '../load/workspace.ts';
import { percentile } from '../measure.ts';
import { ms, rowOf } from '../rows.ts';
import type { Row } from '../rows.ts';
import { startApp } from '../setup/app.ts';
import type { Sizes } from '../setup/options.ts';
import { createStoreDatabase, createTarget, rowsFrom } from '../setup/servers.ts';
import type { Target } from '../setup/servers.ts';
import type { Bench, Measured } from './world.ts';

type Run = Sizes['slack'][number];
type Figures = Run &
  ReturnType<typeof callsSince> & {
    /** Of people, how many got in. */
    cameIn: number;
    callsEach: number;
    /** After the last click, until every message showed what is so. */
    notifiedAfterMs: number;
    cardMs: { p50: number; p95: number };
    loginMs: { p50: number; p95: number };
  };

const GRANTS_LIMIT_MS = 120_000;
/** They are opened at one a minute. */
const CONNECTED_LIMIT_MS = 300_000;
const TOLD_LIMIT_MS = 600_000;
/** What one post a second to a channel costs a message at least where others were before it. */
const POST_EVERY_MS = 1_000;
/** By the way into Slack and not by what people send to Latchkey: answers to commands and clicks, and connections. */
const NOT_COUNTED = new Set(['response_url', 'apps.connections.open', 'auth.test']);

const policyFor = ({ managerUrl, group }: Target): string => `version: 1
groups:
  sre: { slack_usergroup: sre }
targets:
  orders-db:
    title: Orders database
    provider: postgres
    config: { url: "${managerUrl}" }
    owners: [sre]
    channel: C0ACCESS
    roles:
      read: { title: Read only, scope: { member_of: [${group}], connection_limit: 5 }, max: 4h, default: 30m }
rules:
  - name: An SRE approves
    approvals: [{ from: sre }]
limits: { open_requests: 1000, live_grants: 1000 }
admins: [sre]
`;

type Active = { requestId: string; at: number };

const untilActive = async (storeUrl: string, count: number): Promise<Active[]> => {
  const until = Date.now() + GRANTS_LIMIT_MS;
  for (;;) {
    const rows = await rowsFrom<Active>(
      storeUrl,
      `select request_id as "requestId", (extract(epoch from at) * 1000)::float8 as at from audit_events where type = 'grant.active'`,
    );
    if (rows.length >= count || Date.now() > until) return rows;
    await delay(100);
  }
};

/** How late each message was beyond what the channel's one post a second costs those that came close together. */
const cardDelays = (asked: readonly Asked[]): number[] => {
  let freeAt = 0;
  return asked
    .toSorted((a, b) => a.askedAt - b.askedAt)
    .map(({ askedAt, cardAt }) => {
      const soonest = Math.max(askedAt, freeAt);
      freeAt = soonest + POST_EVERY_MS;
      return cardAt - soonest;
    });
};

const twoOf = (values: number[]) => ({ p50: percentile(values, 50), p95: percentile(values, 95) });

type Came = ReturnType<typeof callsSince> & { asked: Asked[]; active: readonly Active[]; notifiedAfterMs: number };

/** What is due later, as a warning before the end, is not waited for. */
const LEFT = `select 1 from outbox where available_at <= now() + interval '10 seconds' or last_error = 'ratelimited' limit 1`;

const untilNotified = async (storeUrl: string): Promise<void> => {
  const until = Date.now() + TOLD_LIMIT_MS;
  const isLeft = async (): Promise<boolean> => (await rowsFrom(storeUrl, LEFT)).length > 0;
  while ((await isLeft()) && Date.now() < until) await delay(250);
};

const figuresOf = (run: Run, { asked, calls, refused, active, notifiedAfterMs }: Came): Figures => {
  const activeAt = new Map(active.map(({ requestId, at }) => [requestId, at]));
  const logins = asked.flatMap(({ requestId, clickedAt }) => {
    const at = activeAt.get(requestId);
    return at === undefined ? [] : [at - clickedAt];
  });
  const counted = Object.entries(calls).filter(([method]) => !NOT_COUNTED.has(method));
  const callsEach = counted.reduce((sum, [, count]) => sum + count, 0) / run.people;
  return {
    ...run,
    calls,
    refused,
    cameIn: logins.length,
    callsEach,
    notifiedAfterMs,
    cardMs: twoOf(cardDelays(asked)),
    loginMs: twoOf(logins),
  };
};

const rushOnce = async ({ servers, say }: Bench, run: Run): Promise<Figures> => {
  const [storeUrl, target] = await Promise.all([createStoreDatabase(servers), createTarget(servers)]);
  const slack: RealSlack = await startRealSlack(run.people);
  const { workspace, apiUrl } = slack;
  const { botToken, appToken } = workspace.app;
  const settings = { SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken, LATCHKEY_SLACK_LIMITS: 'keep' };
  const plan = { servers, target, storeUrl, slackApiUrl: apiUrl, policy: policyFor(target), settings };
  const apps = [];
  for (let count = 0; count < run.processes; count += 1) apps.push(await startApp(plan));
  const connections = { what: 'the connections', timeoutMs: CONNECTED_LIMIT_MS };
  await workspace.waitFor(() => workspace.connectionCount() === run.processes * SOCKETS, connections);
  workspace.faults.beReal();
  const made = await rush(
    slack,
    run.seconds,
    () => run.isCut && workspace.faults.disconnectSockets('refresh_requested', run.processes),
  );
  const clickedAt = performance.now();
  const active = await untilActive(storeUrl, run.people);
  await untilNotified(storeUrl);
  const notifiedAfterMs = performance.now() - clickedAt;
  const figures = figuresOf(run, { ...callsSince(slack, made), asked: made.asked, active, notifiedAfterMs });
  for (const app of apps) await app.stop();
  await slack.close();
  say(`${run.people} in ${run.seconds} s, ${run.processes} processes: ${figures.cameIn} came in`);
  return figures;
};

const nameOf = ({ people, seconds, processes, isCut }: Run): string =>
  `${people} in ${seconds} s${processes > 1 ? `, ${processes} processes` : ''}${isCut ? ', connections lost' : ''}`;

const rowsOf = (figures: Figures): Row[] => {
  const name = nameOf(figures);
  const { people, cameIn, refused, calls, callsEach, notifiedAfterMs, cardMs, loginMs } = figures;
  const refusedCount = Object.values(refused).reduce((sum, count) => sum + count, 0);
  const row = (what: string, made: { value: number; most: number; unit: 'ratio' | 'ms'; ours: string }): Row =>
    rowOf('slack', {
      what: `${name}: ${what}`,
      unit: made.unit,
      value: made.value,
      goal: { is: 'at most', value: made.most },
      ours: made.ours,
      limit: '120 ms a call, documented limits',
    });
  const inMs = (value: number, most: number) => ({ value, most, unit: 'ms' as const });
  return [
    row('turned away', {
      value: (people - cameIn) / people,
      most: 0,
      unit: 'ratio',
      ours: `${cameIn} of ${people} got in`,
    }),
    row('calls refused for a limit', {
      value: refusedCount / people,
      most: 0,
      unit: 'ratio',
      ours: JSON.stringify(refused),
    }),
    row('calls for each request', { value: callsEach, most: 6, unit: 'ratio', ours: JSON.stringify(calls) }),
    rowOf('slack', {
      what: `${name}: all messages as they should be`,
      unit: 's',
      value: notifiedAfterMs / 1_000,
      goal: null,
      ours: 'after the last click',
      limit: '50 changes of messages a minute',
    }),
    row('request to message, p95', {
      ...inMs(cardMs.p95, 1_500),
      ours: `p50 ${ms(cardMs.p50)}, p95 ${ms(cardMs.p95)}`,
    }),
    row('click to login, p50', { ...inMs(loginMs.p50, 400), ours: ms(loginMs.p50) }),
    row('click to login, p95', { ...inMs(loginMs.p95, 1_000), ours: ms(loginMs.p95) }),
  ];
};

export const measureSlack = async (bench: Bench): Promise<Measured> => {
  const all: Figures[] = [];
  for (const run of bench.sizes.slack) all.push(await rushOnce(bench, run));
  return { rows: all.flatMap(rowsOf), details: { runs: all } };
};
