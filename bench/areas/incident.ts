/** Incidents and alerts: how soon people see what there is to do, and how soon all is over when an incident is. */
import { startChild } from '../child.ts';
import { assertThat, median, spreadOf } from '../measure.ts';
import type { Spread } from '../measure.ts';
import { ms, rowOf, shown } from '../rows.ts';
import type { Row } from '../rows.ts';
import type { AlertKind, AlertsInput, Prompts, PromptsInput, Room } from '../load/incident.ts';
import { rowsFrom } from '../setup/servers.ts';
import { putOffReconciling, untilNone } from './ending.ts';
import { measureCloses, WARNING_S } from './incident-close.ts';
import type { CloseRound } from './incident-close.ts';
import { createWorld } from './world.ts';
import type { Bench, Measured, World } from './world.ts';

const SOURCES = ['alertmanager', 'pagerduty'] as const satisfies readonly AlertKind[];
const TITLES: Record<AlertKind, string> = { alertmanager: 'Alertmanager', pagerduty: 'PagerDuty' };

type Delays = { limit: Spread; prompt: Spread } & Record<AlertKind, Spread>;
export type IncidentDetails = {
  coldMs: number;
  transactionMs: number;
  rounds: Delays[];
  closes: CloseRound[];
  /** Of each method, for one prompt. */
  slackCalls: Record<string, number>;
};

/** One entry posts one message until it is over: as many alerts, as many entries. */
const policyFor = (alerts: number): string => {
  const entry = (kind: AlertKind, match: string, index: number): string =>
    `  - { name: ${kind}-${index}, source: ${kind}, match: { ${match} }, role: orders-db/read, for: 30m, to: olga@acme.test }`;
  const entries = Array.from({ length: alerts }, (_, index) => [
    entry('alertmanager', `labels: { alertname: alert-${index} }`, index),
    entry('pagerduty', `service: service-${index}`, index),
  ]);
  return `incidents: { channels: ["inc-*"], warning: ${WARNING_S}s, on_call: [dba], open_by: [dba] }
alerts:
${entries.flat().join('\n')}
`;
};

type Calls = Record<string, number>;
type Sides = { world: World; url: string; boltUrl: string };

const prompts = ({ load }: World, url: string, count: number): Promise<Prompts> =>
  load.call<Prompts>('prompts', { url, count } satisfies PromptsInput);

/** Those that are open are looked at every half a minute: what is measured must not be in the way of what comes next. */
const archive = async ({ world, url }: Sides, rooms: Room[]): Promise<void> => {
  await world.load.call('archive', { url, rooms });
  await untilNone(world, {
    text: `select count(*)::int as n from incidents where state = 'open'`,
    what: 'incidents were not closed by their archived channels',
  });
};

const callsBetween = (before: Calls, after: Calls, count: number): Calls =>
  Object.fromEntries(
    Object.entries(after).flatMap(([method, calls]) => {
      const each = (calls - (before[method] ?? 0)) / count;
      return each > 0 ? [[method, each]] : [];
    }),
  );

type Round = { delays: Delays; slackCalls: Calls };

const runRound = async (sides: Sides, from: number, { channels, alerts }: Counts): Promise<Round> => {
  const { world, url, boltUrl } = sides;
  const limit = await prompts(world, boltUrl, channels);
  const before = await world.load.call<Calls>('slackCalls');
  const ours = await prompts(world, url, channels);
  const slackCalls = callsBetween(before, await world.load.call<Calls>('slackCalls'), channels);
  await archive(sides, ours.rooms);
  const alert = async (kind: AlertKind): Promise<Spread> =>
    spreadOf(await world.load.call<number[]>('alerts', { url, kind, from, count: alerts } satisfies AlertsInput));
  const delays = {
    limit: spreadOf(limit.times),
    prompt: spreadOf(ours.times),
    alertmanager: await alert('alertmanager'),
    pagerduty: await alert('pagerduty'),
  };
  return { delays, slackCalls };
};

/** Of each round, so that its sum is what is made in all. */
type Counts = { channels: number; alerts: number };

const countsOf = ({ rounds, incident }: Bench['sizes']): Counts => ({
  channels: Math.ceil(incident.channels / rounds),
  alerts: Math.ceil(incident.alerts / rounds),
});

type Work = { rooms: number; limitRooms: number; alerts: number; closes: number };

/** One incident and one prompt for each channel, one alert and one offer for each webhook, one timeline for each close: in the record, and in Slack. */
const assertWork = async ({ storeUrl, load }: World, { rooms, limitRooms, alerts, closes }: Work): Promise<void> => {
  const events = await rowsFrom<{ type: string; n: number; subjects: number }>(
    storeUrl,
    `select type, count(*)::int as n, count(distinct coalesce(data::jsonb ->> 'incident', data::jsonb ->> 'alert'))::int as subjects
     from audit_events where type in ('incident.opened', 'incident.closed', 'alert.fired', 'alert.notified') group by 1`,
  );
  const wanted = {
    'incident.opened': rooms,
    'incident.closed': rooms,
    'alert.fired': alerts,
    'alert.notified': alerts,
  };
  for (const [type, count] of Object.entries(wanted)) {
    const { n = 0, subjects = 0 } = events.find((event) => event.type === type) ?? {};
    assertThat(n === count && subjects === count, `${n} events ${type} of ${subjects} for ${count}.`);
  }
  const posts = Object.entries(await load.call<Record<string, number>>('posts'));
  const twice = posts.filter(([, times]) => times !== 1).map(([what]) => what);
  assertThat(twice.length === 0, `posted more than once: ${twice.join(', ')}.`);
  const kinds = { prompt: rooms + limitRooms, ask_for_alert: alerts, timeline: closes, files: closes };
  for (const [kind, count] of Object.entries(kinds)) {
    const n = posts.filter(([what]) => what.startsWith(`${kind} `)).length;
    assertThat(n === count, `${n} messages of the kind ${kind} were posted for ${count}.`);
  }
};

const rowFor = (what: string, details: IncidentDetails, of: (delays: Delays) => Spread): Row => {
  const { rounds, transactionMs } = details;
  const middle = (read: (delays: Delays) => number): number => median(rounds.map(read));
  const limitMs = middle(({ limit }) => limit.p50);
  return rowOf('incident', {
    what,
    unit: 'ratio',
    value: middle((delays) => of(delays).p50 / (delays.limit.p50 + transactionMs)),
    goal: null,
    ours: `${ms(middle((delays) => of(delays).p50))}, p99 ${ms(middle((delays) => of(delays).p99))}`,
    limit: `${ms(limitMs + transactionMs)} = bare Bolt posts ${ms(limitMs)} + transaction ${ms(transactionMs)}`,
  });
};

const rowsOf = (details: IncidentDetails): Row[] => {
  const prompt = rowFor('channel made to prompt posted, p50', details, ({ prompt: spread }) => spread);
  const calls = Object.values(details.slackCalls).reduce((sum, each) => sum + each, 0);
  return [
    { ...prompt, ours: `${prompt.ours}, the first ${ms(details.coldMs)}; ${shown(calls)} calls of Slack's Web API` },
    ...SOURCES.map((kind) => rowFor(`${TITLES[kind]} to ask posted, p50`, details, (delays) => delays[kind])),
  ];
};

export const measureIncident = async (bench: Bench): Promise<Measured> => {
  const { rounds, stages, incident } = bench.sizes;
  const counts = countsOf(bench.sizes);
  // The first of each is the warm-up.
  const entries = 1 + rounds * counts.alerts;
  const world = await createWorld(bench, policyFor(entries));
  await putOffReconciling(world);
  const { url } = await world.start();
  const bolt = startChild('bolt-program');
  const boltUrl = `http://127.0.0.1:${await bolt.call<number>('start', { slackApiUrl: world.slackApiUrl })}`;
  const sides = { world, url, boltUrl };
  const cold = await prompts(world, url, 1);
  await archive(sides, cold.rooms);
  await prompts(world, boltUrl, 1);
  for (const kind of SOURCES) await world.load.call('alerts', { url, kind, from: 0, count: 1 } satisfies AlertsInput);
  const made: Round[] = [];
  for (let round = 0; round < rounds; round += 1) made.push(await runRound(sides, 1 + round * counts.alerts, counts));
  const transactionMs = median(
    await world.load.call<number[]>('transactions', { storeUrl: world.storeUrl, count: stages }),
  );
  const closes = await measureCloses(world, url, incident);
  await assertWork(world, {
    rooms: 1 + rounds * counts.channels + closes.rounds.length,
    limitRooms: 1 + rounds * counts.channels,
    alerts: SOURCES.length * entries,
    closes: closes.rounds.length,
  });
  await bolt.stop();
  await world.stop();
  const details: IncidentDetails = {
    coldMs: cold.times[0] ?? Number.NaN,
    transactionMs,
    rounds: made.map(({ delays }) => delays),
    closes: closes.rounds,
    slackCalls: made.at(-1)?.slackCalls ?? {},
  };
  return { rows: [...rowsOf(details), ...closes.rows], details };
};
