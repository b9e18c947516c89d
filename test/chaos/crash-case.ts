/** What the cases of the other ways have in common: their request, its login, and what Slack has of it. */
import type { Message } from '../../sandbox/src/slack/types.ts';
import { seen } from '../support/card.ts';
import type { World } from '../support/world.ts';
import type { Restarts } from './restarts.ts';

export type Case = { world: World; app: Restarts; reason: string };

export type Row = { id: string; request: string; grantId: string | null; grant: string | null; cause: string | null };

/** The request of that reason, not the one for more time. */
export const findRow = async ({ world, reason }: Case): Promise<Row | null> => {
  const rows = await world.sql<Row>(
    `select r.id, r.state as request, g.id as "grantId", g.state as grant, g.end_cause as cause
     from requests r left join grants g on g.request_id = r.id where r.reason = $1 and r.extends_grant_id is null`,
    [reason],
  );
  if (rows.length > 1) throw new Error(`${reason} is there ${rows.length} times`);
  return rows[0] ?? null;
};

export const reasonOf = (name: string): string => `look into ${name.replaceAll(/[:-]/g, ' ')}`;

/** Of this grant alone: others live beside it. */
export const loginsOf = async ({ world }: Case, grantId: string | null): Promise<string[]> =>
  (await world.logins()).filter((name) => name.startsWith(`lk_${grantId}_`));

type Told = { request_id?: string; incident_id?: string; kind?: string };

const toldBy = ({ metadata }: Message): Told => (metadata?.['event_payload'] as Told | undefined) ?? {};

export const ofRequest = (messages: Message[], requestId: string, kind: string): Message | undefined =>
  messages.findLast((message) => toldBy(message).request_id === requestId && toldBy(message).kind === kind);

/** Their one message says the end, whether or not a new one does. */
export const saysEnd = (messages: Message[], requestId: string): boolean =>
  ['requester', 'granted', 'outcome'].some((kind) => {
    const message = ofRequest(messages, requestId, kind);
    return message !== undefined && seen(message).includes('*Ended*');
  });

const NOTED = `select channel, ts from messages where ts is not null`;

/** Copies that Slack took and that were not noted: documented for those that were on their way when the process died, and for no other. */
export const unnoted = async (world: World): Promise<string[]> => {
  const rows = await world.sql<{ channel: string; ts: string }>(NOTED);
  const known = new Set(rows.map(({ channel, ts }) => `${channel} ${ts}`));
  const posts = [...world.slack.state.messages.values()].flat();
  return posts
    .filter((post) => toldBy(post).kind !== undefined && !known.has(`${post.channel} ${post.ts}`))
    .map((post) => `${toldBy(post).kind} in ${post.channel} at ${post.ts}`);
};

/** In how many places each kind of message stands, however often. */
export const countTold = ({ world }: Case, id: string): Record<string, number> => {
  const posts = [...world.slack.state.messages.values()].flat();
  const own = posts.filter((post) => [toldBy(post).request_id, toldBy(post).incident_id].includes(id));
  const places = new Set(own.map((post) => `${toldBy(post).kind} ${post.channel}`));
  const counts: Record<string, number> = {};
  for (const place of places) {
    const [kind = ''] = place.split(' ');
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
};

/** How often each of these was recorded for the grants and requests, or the incident, with that id. */
export const countEvents = async ({ world }: Case, types: string[], id: string): Promise<Record<string, number>> => {
  const rows = await world.sql<{ type: string; times: number }>(
    `select type, count(*)::int as times from audit_events
     where type = any($1) and (request_id = $2 or grant_id = $2 or data::jsonb ->> 'incident' = $2) group by type`,
    [types, id],
  );
  return Object.fromEntries(rows.map(({ type, times }) => [type, times]));
};
