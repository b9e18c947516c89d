/** Access taken by break-glass, killed on its way: taken once, told to everyone named, under one review, and ended once. */
import { until } from '../support/story.ts';
import { seen } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { countEvents, countTold, findRow, loginsOf, ofRequest, saysEnd, reasonOf } from './crash-case.ts';
import type { Case, Row } from './crash-case.ts';
import { event, post, sql } from './crash-points.ts';
import type { Watch } from './crash-points.ts';
import { FAR_MS, liveThrough } from './restarts.ts';
import type { Lived, Restarts } from './restarts.ts';

type Left = { request: string | null; grant: string | null; reviews: number; logins: number };

/** `leaves` null: access is made beside it, and may be there or not. */
export type GlassPoint = { name: string; watch: Watch; leaves: Left | null };

const NOTHING = { request: null, grant: null, reviews: 0, logins: 0 } as const;
const TAKEN = { request: 'approved', grant: 'activating', reviews: 1, logins: 0 } as const;
const ACTIVE = { ...TAKEN, grant: 'active', logins: 1 } as const;

export const GLASS: GlassPoint[] = [
  { name: 'glass:before-commit', watch: event('follow_up.opened', 'before'), leaves: NOTHING },
  { name: 'glass:after-commit', watch: event('follow_up.opened', 'after'), leaves: TAKEN },
  { name: 'glass:after-target-commit', watch: sql('CREATE ROLE', 'after'), leaves: { ...TAKEN, logins: 1 } },
  { name: 'glass:before-alarm', watch: post('alarm', 'before'), leaves: null },
  { name: 'glass:after-alarm', watch: post('alarm', 'after'), leaves: null },
  { name: 'glass:before-giving-back', watch: event('grant.ending', 'before'), leaves: ACTIVE },
  {
    name: 'glass:after-end',
    watch: event('grant.removed', 'after'),
    leaves: { ...ACTIVE, grant: 'removed', logins: 0 },
  },
];

const ASKS = 'Take access now';

/** `sent`: the view that was submitted, whether or not its answer came. */
type Taking = Case & { sent: string | null };

const askedBy = ({ world }: Case): string | null => {
  const top = world.slack.as('oscar').modals().at(-1);
  return top && JSON.stringify(top).includes(ASKS) ? top.id : null;
};

/** Longer than a command takes on a busy machine: typed twice for nothing it would be taken twice. */
const TYPED_AGAIN_AFTER_MS = 20_000;

/**
 * A view whose answer was lost with the process is still open, and is sent again as it is. A command that was lost with it is typed again,
 * and a view that was to be filled in by the dead process is closed.
 */
const take = async (one: Taking): Promise<void> => {
  const { app, world, reason } = one;
  const oscar = world.slack.as('oscar');
  const type = async (): Promise<unknown> =>
    await oscar.command('/prod-access', `break-glass orders-db write ${reason}`, 'general');
  if (oscar.modals().length === 0) await type();
  let typedAt = performance.now();
  const isAskedOrGone = async (): Promise<boolean> => {
    if (app.isGone() || askedBy(one)) return true;
    if (performance.now() - typedAt < TYPED_AGAIN_AFTER_MS) return false;
    typedAt = performance.now();
    if (oscar.modals().length > 0) await oscar.close();
    await type();
    return false;
  };
  await until(isAskedOrGone, 'the view that asks once more', 2 * FAR_MS);
  one.sent = askedBy(one);
  if (one.sent) await oscar.submit();
};

/** A view that came late, beside the one of the command that was typed again, would take access a second time: it is closed. */
const act = async (one: Taking): Promise<boolean> => {
  const oscar = one.world.slack.as('oscar');
  const row = await findRow(one);
  const asked = askedBy(one);
  if (!row || (asked !== null && asked === one.sent)) {
    await take(one);
    return true;
  }
  if (oscar.modals().length > 0) await oscar.close();
  const granted = ofRequest(oscar.dmsWithApp(), row.id, 'granted');
  if (granted && row.grant === 'active' && seen(granted).includes('"done"')) await oscar.click(granted, 'done');
  return !(row.grant === 'removed' && saysEnd(oscar.dmsWithApp(), row.id));
};

const countReviews = async ({ world }: Case, row: Row | null): Promise<number> =>
  (await world.sql('select 1 from reviews where request_id = $1', [row?.id ?? ''])).length;

const look = async (one: Case): Promise<Left> => {
  const row = await findRow(one);
  const { length: logins } = await loginsOf(one, row?.grantId ?? null);
  return { request: row?.request ?? null, grant: row?.grant ?? null, reviews: await countReviews(one, row), logins };
};

/**
 * Who took it has one message, `granted`. A death on the way can add the one that it is being set up, and a click that comes before the
 * post is noted the one of the end; that none is there twice is `repeated`.
 */
const whereverItDied = ({
  requester: _requester,
  outcome: _outcome,
  ...told
}: Record<string, number>): Record<string, number> => told;

const EVENTS = ['request.created', 'follow_up.opened', 'grant.activating', 'grant.ending', 'grant.removed'];

type Crashed = Lived<Left | null> & {
  events: Record<string, number>;
  reviews: number;
  /** In how many places each kind stands. */
  told: Record<string, number>;
  banner: boolean;
};

/** Told: #security and the two owners; who took it, in one message; the SRE reviews; the channel has the banner. */
export const expectedGlass = ({ leaves }: GlassPoint): Crashed => ({
  signal: 'SIGKILL',
  left: leaves,
  leftOver: [],
  events: Object.fromEntries(EVENTS.map((type) => [type, 1])),
  reviews: 1,
  told: { alarm: 3, banner: 1, review: 1, granted: 1 },
  banner: true,
  repeated: [],
});

export const crashGlassAt = async (world: World, app: Restarts, point: GlassPoint): Promise<Crashed> => {
  const one: Taking = { world, app, reason: reasonOf(point.name), sent: null };
  const lived = await liveThrough(world, app, {
    name: point.name,
    watch: point.watch,
    goOn: () => act(one),
    look: () => look(one),
  });
  const row = await findRow(one);
  const id = row?.id ?? '';
  const banner = ofRequest(world.slack.as('olga').messages('prod-access'), id, 'banner');
  return {
    ...lived,
    left: point.leaves && lived.left,
    events: await countEvents(one, EVENTS, id),
    reviews: await countReviews(one, row),
    told: whereverItDied(countTold(one, id)),
    banner: banner !== undefined && seen(banner).includes('Break-glass is over'),
  };
};
