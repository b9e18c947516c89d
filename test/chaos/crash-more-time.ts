/** More time, killed on its way: target and store hold to the same end while access lives, and it ends once. */
import { until } from '../support/story.ts';
import { seen } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { countEvents, findRow, loginsOf, ofRequest, saysEnd, reasonOf } from './crash-case.ts';
import type { Case, Row } from './crash-case.ts';
import { event, sql } from './crash-points.ts';
import type { Watch } from './crash-points.ts';
import { FAR_MS, liveThrough } from './restarts.ts';
import type { Lived, Restarts } from './restarts.ts';

/** How many minutes later than at first the store and the target let it end; null where the login is gone, or shut for ever. */
type Ends = { store: number; target: number | null };
type Left = Ends & { grant: string | null; extension: string | null };

export type MorePoint = {
  name: string;
  watch: Watch;
  leaves: Left;
  /** The target refuses, since somebody else says that the login is theirs. */
  isRefused?: boolean;
  /** The old end comes while nobody runs. */
  isLate?: boolean;
};

const OLD: Left = { grant: 'active', extension: null, store: 0, target: 0 };
const ORDERED: Left = { ...OLD, extension: 'moving' };
const AHEAD: Left = { ...ORDERED, target: 30 };
const MOVED: Left = { ...AHEAD, extension: 'moved', store: 30 };

/** The login's name stands right before the words only where its end is moved. */
const MOVES = '" VALID UNTIL';

export const MORE_TIME: MorePoint[] = [
  { name: 'extend:before-order', watch: event('grant.extending', 'before'), leaves: OLD },
  { name: 'extend:after-order', watch: event('grant.extending', 'after'), leaves: ORDERED },
  { name: 'extend:before-target-commit', watch: sql(MOVES, 'before'), leaves: ORDERED },
  { name: 'extend:after-target-commit', watch: sql(MOVES, 'after'), leaves: AHEAD },
  { name: 'extend:before-commit', watch: event('grant.extended', 'before'), leaves: AHEAD },
  { name: 'extend:after-commit', watch: event('grant.extended', 'after'), leaves: MOVED },
  { name: 'extend:too-late-for-target', watch: sql(MOVES, 'before'), leaves: ORDERED, isLate: true },
  { name: 'extend:too-late-for-store', watch: sql(MOVES, 'after'), leaves: AHEAD, isLate: true },
  {
    name: 'extend:before-refusal',
    watch: event('grant.extension_failed', 'before'),
    leaves: ORDERED,
    isRefused: true,
  },
  {
    name: 'extend:after-refusal',
    watch: event('grant.extension_failed', 'after'),
    leaves: { ...ORDERED, extension: 'failed' },
    isRefused: true,
  },
];

type MoreCase = Case & {
  point: MorePoint;
  row: Row & { grantId: string };
  login: string;
  comment: string;
  /** Where it ended at first. */
  firstEnd: Date;
  /** What both held to when nothing was on its way any more, and before it was given back. */
  whileAlive: Ends | null;
};

const endOf = async (one: Case, grantId: string): Promise<Date> => {
  const [row] = await one.world.sql<{ at: Date }>('select expires_at as at from grants where id = $1', [grantId]);
  if (!row) throw new Error(`grant ${grantId} is gone`);
  return row.at;
};

const prepare = async (one: Case, point: MorePoint): Promise<MoreCase> => {
  const { slack, targetSql } = one.world;
  await slack.as('ada').command('/prod-access', `orders-db read 1h ${one.reason}`, 'general');
  const row = await until(
    async () => {
      const found = await findRow(one);
      const granted = found && ofRequest(slack.as('ada').dmsWithApp(), found.id, 'granted');
      return found?.grant === 'active' && granted && seen(granted).includes('+30 min') && found;
    },
    'access that may be extended',
    FAR_MS,
  );
  const grantId = row.grantId ?? '';
  const [login = ''] = await loginsOf(one, grantId);
  const [mark] = await targetSql<{ comment: string }>(
    `select shobj_description(oid, 'pg_authid') as comment from pg_roles where rolname = $1`,
    [login],
  );
  if (point.isRefused) await targetSql(`comment on role ${login} is 'somebody else says that this is theirs'`);
  const firstEnd = await endOf(one, grantId);
  return { ...one, point, row: { ...row, grantId }, login, comment: mark?.comment ?? '', firstEnd, whileAlive: null };
};

const MINUTE_MS = 60_000;

const look = async (one: MoreCase): Promise<Left> => {
  const { world, row, login, firstEnd } = one;
  const later = (at: Date): number => (at.getTime() - firstEnd.getTime()) / MINUTE_MS;
  const [extension] = await world.sql<{ state: string }>('select state from extensions where grant_id = $1', [
    row.grantId,
  ]);
  const [held] = await world.targetSql<{ at: Date | number }>(
    'select rolvaliduntil as at from pg_roles where rolname = $1',
    [login],
  );
  return {
    grant: (await findRow(one))?.grant ?? null,
    extension: extension?.state ?? null,
    store: later(await endOf(one, row.grantId)),
    target: held?.at instanceof Date ? later(held.at) : null,
  };
};

const fallDue = ({ world, row }: MoreCase): Promise<unknown> =>
  world.sql('update grants set expires_at = now() where id = $1', [row.grantId]);

const clickMore = async (one: MoreCase): Promise<void> => {
  const ada = one.world.slack.as('ada');
  const granted = ofRequest(ada.dmsWithApp(), one.row.id, 'granted');
  if (granted && seen(granted).includes('+30 min')) await ada.click(granted, 'extend');
  await until(async () => one.app.isGone() || (await look(one)).extension, 'the order to extend', FAR_MS);
};

const giveBack = async (one: MoreCase, now: Left): Promise<void> => {
  const { world, login, comment, point, row } = one;
  // Once, before the first click: after it the login may be gone at any moment.
  if (one.whileAlive === null && point.isRefused) await world.targetSql(`comment on role ${login} is '${comment}'`);
  one.whileAlive ??= { store: now.store, target: now.target };
  const granted = ofRequest(world.slack.as('ada').dmsWithApp(), row.id, 'granted');
  if (granted && seen(granted).includes('"done"')) await world.slack.as('ada').click(granted, 'done');
};

/** The same button is clicked again by whoever cannot see that the first click did something. */
const act = async (one: MoreCase): Promise<boolean> => {
  const now = await look(one);
  if (now.grant === 'active' && now.extension === null) {
    await clickMore(one);
    return true;
  }
  if (now.grant === 'active' && now.extension !== 'moving' && !one.point.isLate) await giveBack(one, now);
  const isSaid = saysEnd(one.world.slack.as('ada').dmsWithApp(), one.row.id);
  return !(now.grant === 'removed' && now.extension !== 'moving' && isSaid);
};

const EVENTS = ['grant.extending', 'grant.extended', 'grant.extension_failed', 'grant.ending', 'grant.removed'];

type Crashed = Lived<Left> & {
  events: Record<string, number>;
  whileAlive: Ends | null;
  isNotified: boolean;
};

export const expectedMore = ({ leaves, isRefused, isLate }: MorePoint): Crashed => ({
  signal: 'SIGKILL',
  left: leaves,
  leftOver: [],
  events: {
    'grant.extending': 1,
    [isRefused || isLate ? 'grant.extension_failed' : 'grant.extended']: 1,
    'grant.ending': 1,
    'grant.removed': 1,
  },
  whileAlive: isLate ? null : isRefused ? { store: 0, target: 0 } : { store: 30, target: 30 },
  isNotified: true,
  repeated: [],
});

/** Under the request for more time, whose words stand by themselves. */
const isNotified = async ({ world, row, point }: MoreCase): Promise<boolean> => {
  const [more] = await world.sql<{ id: string }>('select request_id as id from extensions where grant_id = $1', [
    row.grantId,
  ]);
  const isMoved = !point.isRefused && !point.isLate;
  const told = ofRequest(world.slack.as('ada').dmsWithApp(), more?.id ?? '', isMoved ? 'requester' : 'outcome');
  return told !== undefined && seen(told).includes(isMoved ? '*Extended* until' : '*Not extended.*');
};

export const crashMoreAt = async (world: World, app: Restarts, point: MorePoint): Promise<Crashed> => {
  const one = await prepare({ world, app, reason: reasonOf(point.name) }, point);
  const lived = await liveThrough(world, app, {
    name: point.name,
    watch: point.watch,
    goOn: () => act(one),
    look: async () => {
      const there = await look(one);
      if (point.isLate) await fallDue(one);
      return there;
    },
  });
  return {
    ...lived,
    events: await countEvents(one, EVENTS, one.row.grantId),
    whileAlive: one.whileAlive,
    isNotified: await isNotified(one),
  };
};
