/** One case: drive a request along its way, let the process die at the point, start it again, and go the rest of the way. */
import type { Message } from '../../sandbox/src/slack/types.ts';
import { WAITING } from '../support/integrity.ts';
import { until } from '../support/story.ts';
import { seen } from '../support/world.ts';
import type { World } from '../support/world.ts';
import type { CrashPoint } from './crash-points.ts';
import { FAR_MS, liveThrough } from './restarts.ts';
import type { Lived, Restarts } from './restarts.ts';

type Row = { id: string; request: string; grant: string | null };
type Case = { world: World; app: Restarts; point: CrashPoint; who: string; reason: string; hasDied: boolean };

const find = async ({ world, reason }: Case): Promise<Row | null> => {
  const rows = await world.sql<Row>(
    `select r.id, r.state as request, g.state as grant from requests r left join grants g on g.request_id = r.id
     where r.reason like $1 || '%'`,
    [reason],
  );
  if (rows.length > 1) throw new Error(`${reason} is there ${rows.length} times`);
  return rows[0] ?? null;
};

const lastWords = ({ refusal }: CrashPoint): string => {
  if (refusal) return refusal === 'cancel' ? '*Cancelled*' : '*Denied*';
  return 'no session is left, confirmed by the target';
};

const isNotified = async (one: Case): Promise<boolean> => {
  const row = await find(one);
  const own = one.world.slack.as(one.who).dmsWithApp();
  return own.some(
    (message) =>
      JSON.stringify(message.metadata ?? {}).includes(row?.id ?? '-') && seen(message).includes(lastWords(one.point)),
  );
};

/** Asks once, and waits for what comes of it: the answer of Slack says only that the command was heard. */
const ask = async (one: Case): Promise<void> => {
  await one.world.slack
    .as(one.who)
    .command('/prod-access', `orders-db read ${one.point.isToExpire ? '1s' : '1h'} ${one.reason}`, 'general');
  await until(async () => one.app.isGone() || (await find(one)), `the request "${one.reason}"`, FAR_MS);
};

/** A modal of a dead process answers nothing, and a click on a dead app opens none; whoever sees the request wait still begins again. */
const refuse = async ({ world: { slack }, app, point, who }: Case, id: string, message: Message): Promise<void> => {
  if (point.refusal === 'cancel') return void (await slack.as(who).command('/prod-access', `cancel ${id}`, 'general'));
  const olga = slack.as('olga');
  if (olga.modals().length > 0) await olga.close();
  await olga.click(message, 'deny');
  await until(async () => app.isGone() || olga.modals().length > 0, 'the form that asks why', FAR_MS);
  if (olga.modals().length === 0) return;
  await olga.type('reason', 'the replica has the same rows');
  await olga.submit();
};

/** Whoever takes a request back sooner than they were told of it hears nothing more: there is no message of theirs to redraw. */
const refuseOnceTold = async (one: Case, id: string, message: Message): Promise<void> => {
  if ((await one.world.sql(WAITING)).length === 0) await refuse(one, id, message);
};

/** What a person does next, by what they see; false when there is nothing more to do for anybody. */
const act = async (one: Case, row: Row | null): Promise<boolean> => {
  const { world, point, who } = one;
  const { slack } = world;
  if (!row) {
    await ask(one);
    return true;
  }
  const { leaves } = point;
  const hasCome = row.request === leaves.request && row.grant === leaves.grant;
  if (point.isAwaited && hasCome && !one.hasDied) return true;
  const ofRequest = (messages: Message[], kind: string): Message | undefined =>
    messages.findLast(({ metadata }) => {
      const payload = metadata?.['event_payload'] as { request_id?: string; kind?: string } | undefined;
      return payload?.request_id === row.id && payload.kind === kind;
    });
  if (row.request === 'pending') {
    const message = ofRequest(slack.as('olga').messages('prod-access'), 'approval');
    if (message && point.refusal) await refuseOnceTold(one, row.id, message);
    else if (message) await slack.as('olga').click(message, 'approve');
    return true;
  }
  if (point.refusal) return !(await isNotified(one));
  const own = slack.as(who).dmsWithApp();
  const granted = ofRequest(own, 'granted');
  if (granted && row.grant === 'active' && seen(granted).includes('"done"')) {
    if (point.isShown && !one.hasDied) {
      await slack.as(who).click(granted, 'show_credentials');
      return true;
    }
    if (!point.isToExpire) await slack.as(who).click(granted, 'done');
  }
  // Their one message says it, whether or not a new one does.
  const told = ['requester', 'granted', 'outcome'].map((kind) => ofRequest(own, kind));
  return !(row.grant === 'removed' && told.some((message) => message && seen(message).includes('*Ended*')));
};

type Crashed = Lived<CrashPoint['leaves']> & {
  isNotified: boolean;
};

export const expected = (point: CrashPoint): Crashed => ({
  signal: 'SIGKILL',
  left: point.leaves,
  leftOver: [],
  isNotified: true,
  repeated: [],
});

const leftBehind = async (one: Case): Promise<CrashPoint['leaves']> => {
  const row = await find(one);
  const { length } = await one.world.logins();
  const left = { request: row?.request ?? null, grant: row?.grant ?? null, logins: length };
  const hasEnded = left.grant === 'closed' || left.grant === 'removed';
  return one.point.leaves.grant === 'ended' && hasEnded ? { ...left, grant: 'ended', logins: 0 } : left;
};

/** The process runs when this is called and when it resolves: another one. */
export const crashAt = async (world: World, app: Restarts, point: CrashPoint): Promise<Crashed> => {
  const reason = `look into ${point.name.replaceAll(/[:-]/g, ' ')}`;
  const one: Case = { world, app, point, who: 'ada', reason, hasDied: false };
  const lived = await liveThrough(world, app, {
    name: point.name,
    watch: point.watch,
    goOn: async (hasDied) => act({ ...one, hasDied }, await find(one)),
    look: () => leftBehind(one),
  });
  return {
    ...lived,
    isNotified: await isNotified(one),
  };
};
