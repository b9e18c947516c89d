/** The end of an incident, killed on its way: what was given for it ends once, nothing else does, and its timeline is posted. */
import { until } from '../support/story.ts';
import { seen } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { countEvents, countTold, findRow, loginsOf, ofRequest, saysEnd, reasonOf } from './crash-case.ts';
import type { Case, Row } from './crash-case.ts';
import { event, post, sql } from './crash-points.ts';
import type { Watch } from './crash-points.ts';
import { FAR_MS, liveThrough } from './restarts.ts';
import type { Lived, Restarts } from './restarts.ts';

type Left = { incident: string; grant: string | null; logins: number };

export type IncidentPoint = {
  name: string;
  watch: Watch;
  leaves: Left;
  /** Documented: files that Slack took and that were not noted are posted once more. */
  mayFileTwice?: boolean;
};

const OPEN: Left = { incident: 'open', grant: 'active', logins: 1 };
const CLOSED: Left = { ...OPEN, incident: 'closed' };
const ENDING: Left = { ...CLOSED, grant: 'ending' };
const SHUT: Left = { ...ENDING, grant: 'closed' };
const DROPPED: Left = { ...SHUT, logins: 0 };
const REMOVED: Left = { ...DROPPED, grant: 'removed' };
/** Closed, and maybe removed by now: the timeline does not wait for that. */
const ENDED: Left = { ...DROPPED, grant: 'ended' };

const FILES = 'files.completeUploadExternal';
const upload = (when: Watch['when']): Watch => ({ wire: 'slack', when, text: FILES });

export const INCIDENT: IncidentPoint[] = [
  { name: 'close:before-commit', watch: event('incident.closed', 'before'), leaves: OPEN },
  { name: 'close:after-commit', watch: event('incident.closed', 'after'), leaves: CLOSED },
  { name: 'warn:before-post', watch: post('closing', 'before'), leaves: CLOSED },
  { name: 'warn:after-post', watch: post('closing', 'after'), leaves: CLOSED },
  { name: 'batch:before-commit', watch: event('incident.ended', 'before'), leaves: CLOSED },
  { name: 'batch:after-commit', watch: event('incident.ended', 'after'), leaves: ENDING },
  // A channel whose name ends in -closed is that of an incident that is over.
  { name: 'batch:after-shut', watch: event('grant.closed', 'after'), leaves: SHUT },
  { name: 'batch:after-drop', watch: sql('DROP ROLE', 'after'), leaves: DROPPED },
  { name: 'batch:after-removed', watch: event('grant.removed', 'after'), leaves: REMOVED },
  { name: 'timeline:before-post', watch: post('timeline', 'before'), leaves: ENDED },
  { name: 'timeline:after-post', watch: post('timeline', 'after'), leaves: ENDED },
  { name: 'files:before-upload', watch: upload('before'), leaves: ENDED },
  { name: 'files:after-upload', watch: upload('after'), leaves: ENDED, mayFileTwice: true },
];

type Incident = { id: string; state: string; isEnded: boolean };
type IncidentCase = Case & { channel: string; leaves: Left | null };

const findIncident = async ({ world, channel }: IncidentCase): Promise<Incident | null> => {
  const rows = await world.sql<Incident>(
    'select id, state, ended_at is not null as "isEnded" from incidents where channel_name = $1',
    [channel],
  );
  if (rows.length > 1) throw new Error(`#${channel} is an incident's ${rows.length} times`);
  return rows[0] ?? null;
};

const mustFind = async (one: IncidentCase): Promise<Incident> => {
  const incident = await findIncident(one);
  if (!incident) throw new Error(`#${one.channel} is no incident's`);
  return incident;
};

/** Reads in a channel, which ties it to the incident of that channel, if there is one. */
const read = async (one: Case, who: string, channel: string): Promise<Row> => {
  const { slack } = one.world;
  await slack.as(who).command('/prod-access', `orders-db read 1h ${one.reason}`, channel);
  const isThere = async (): Promise<Row | null> => {
    const row = await findRow(one);
    return row?.grant === 'active' && ofRequest(slack.as(who).dmsWithApp(), row.id, 'granted') ? row : null;
  };
  return until(isThere, `access of ${who}`, FAR_MS);
};

const openWith = async (one: IncidentCase): Promise<void> => {
  const rita = one.world.slack.as('rita');
  rita.createChannel(one.channel);
  rita.invite(one.channel, 'oscar');
  await until(() => findIncident(one), `the incident of #${one.channel}`, FAR_MS);
  await read(one, 'oscar', one.channel);
};

/** Access that no end of another incident may touch: of the same person for another incident, and of somebody for none. */
export const bystanders = async (world: World, app: Restarts): Promise<string[]> => {
  const other: IncidentCase = { world, app, reason: 'look into the other outage', channel: 'inc-other', leaves: null };
  await openWith(other);
  const free: Case = { world, app, reason: 'look into nothing in particular' };
  const rows = [await findRow(other), await read(free, 'ada', 'general')];
  return rows.map((row) => row?.grantId ?? '');
};

const noted = ({ world }: Case, id: string): Promise<{ kind: string }[]> =>
  world.sql<{ kind: string }>(
    `select kind from messages where subject_kind = 'incident' and subject_id = $1 and ts is not null`,
    [id],
  );

/** The warning lasts until it was read in both places, and not a moment longer: nothing hangs on how fast the machine is. */
const letWarningRunOut = async (one: Case, id: string): Promise<void> => {
  const warned = (await noted(one, id)).filter(({ kind }) => kind === 'closing');
  if (warned.length === 2)
    await one.world.sql('update incidents set ends_at = now() where id = $1 and ends_at > now()', [id]);
};

const act = async (one: IncidentCase): Promise<boolean> => {
  const { world, app, channel } = one;
  const incident = await mustFind(one);
  if (incident.state === 'open') {
    await world.slack.as('rita').command('/prod-access', 'incident close', channel);
    await until(async () => app.isGone() || (await mustFind(one)).state === 'closed', 'the close', FAR_MS);
    return true;
  }
  if (!incident.isEnded) await letWarningRunOut(one, incident.id);
  const row = await findRow(one);
  const isSaid = row !== null && saysEnd(world.slack.as('oscar').dmsWithApp(), row.id);
  const isFiled = (await noted(one, incident.id)).some(({ kind }) => kind === 'files');
  return !(row?.grant === 'removed' && isSaid && isFiled);
};

const look = async (one: IncidentCase): Promise<Left> => {
  const row = await findRow(one);
  const { length: logins } = await loginsOf(one, row?.grantId ?? null);
  const left = { incident: (await mustFind(one)).state, grant: row?.grant ?? null, logins };
  const hasEnded = left.grant === 'closed' || left.grant === 'removed';
  return one.leaves?.grant === 'ended' && hasEnded ? { ...left, grant: 'ended', logins: 0 } : left;
};

const stillActive = async ({ world }: Case, grantIds: string[]): Promise<string[]> => {
  const rows = await world.sql<{ id: string }>(`select id from grants where id = any($1) and state = 'active'`, [
    grantIds,
  ]);
  return grantIds.filter((id) => rows.some((row) => row.id === id));
};

const OF_INCIDENT = ['incident.opened', 'incident.closed', 'incident.ended'];
const OF_GRANT = ['grant.ending', 'grant.closed', 'grant.removed'];

type Crashed = Lived<Left> & {
  events: Record<string, number>[];
  cause: string | null;
  bystanders: string[];
  told: Record<string, number>;
  isClosedInChannel: boolean;
  isFiledTooOften: boolean;
};

/** The room is warned, and the holder; the timeline and its files stand in the room. */
export const expectedIncident = ({ leaves }: IncidentPoint, beside: string[]): Crashed => ({
  signal: 'SIGKILL',
  left: leaves,
  leftOver: [],
  events: [
    { 'incident.opened': 1, 'incident.closed': 1, 'incident.ended': 1 },
    { 'grant.ending': 1, 'grant.closed': 1, 'grant.removed': 1 },
  ],
  cause: 'incident_closed',
  bystanders: beside,
  told: { prompt: 1, closing: 2, timeline: 1 },
  isClosedInChannel: true,
  repeated: [],
  isFiledTooOften: false,
});

const countUploads = ({ world, channel }: IncidentCase): number =>
  world.slack
    .as('rita')
    .messages(channel)
    .filter(({ files }) => files !== undefined).length;

export const crashIncidentAt = async (
  world: World,
  app: Restarts,
  { point, beside }: { point: IncidentPoint; beside: string[] },
): Promise<Crashed> => {
  const channel = `inc-${point.name.replaceAll(':', '-')}`;
  const one: IncidentCase = { world, app, reason: reasonOf(point.name), channel, leaves: point.leaves };
  await openWith(one);
  const lived = await liveThrough(world, app, {
    name: point.name,
    watch: point.watch,
    goOn: () => act(one),
    look: () => look(one),
  });
  const { id } = await mustFind(one);
  const row = await findRow(one);
  const prompt = world.slack
    .as('rita')
    .messages(channel)
    .find(({ text }) => text.startsWith('Incident '));
  return {
    ...lived,
    events: [await countEvents(one, OF_INCIDENT, id), await countEvents(one, OF_GRANT, row?.grantId ?? '')],
    cause: row?.cause ?? null,
    bystanders: await stillActive(one, beside),
    told: countTold(one, id),
    isClosedInChannel: prompt !== undefined && seen(prompt).includes('is closed'),
    isFiledTooOften: countUploads(one) > (point.mayFileTwice ? 2 : 1),
  };
};
