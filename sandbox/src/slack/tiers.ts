/**
 * Slack's documented rate limits, as the least that it allows: no burst is tolerated here. docs.slack.dev/apis/web-api/rate-limits,
 * and each method's own page for its tier. A limit holds per method, app and workspace; posting also per channel.
 */

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

/** Calls a minute. */
const PER_MINUTE = { tier1: 1, tier2: 20, tier3: 50, tier4: 100 } as const;

/** Methods with limits of their own. Slack says "several hundred" messages a minute for a workspace, and "hundreds" for `auth.test`. */
const POSTS_PER_MINUTE = 300;
const SPECIAL_PER_MINUTE = 300;

export type Tier = keyof typeof PER_MINUTE | 'posting' | 'special' | 'none';

export const TIERS: Readonly<Record<string, Tier>> = {
  'api.test': 'none',
  'apps.connections.open': 'tier1',
  'auth.teams.list': 'tier2',
  'auth.test': 'special',
  'bots.info': 'tier3',
  'chat.delete': 'tier3',
  'chat.getPermalink': 'special',
  'chat.postEphemeral': 'tier4',
  'chat.postMessage': 'posting',
  'chat.update': 'tier3',
  'conversations.archive': 'tier2',
  'conversations.create': 'tier2',
  'conversations.history': 'tier3',
  'conversations.info': 'tier3',
  'conversations.invite': 'tier3',
  'conversations.join': 'tier3',
  'conversations.kick': 'tier3',
  'conversations.leave': 'tier3',
  'conversations.list': 'tier2',
  'conversations.members': 'tier4',
  'conversations.open': 'tier3',
  'conversations.rename': 'tier2',
  'conversations.replies': 'tier3',
  'conversations.setTopic': 'tier2',
  'conversations.unarchive': 'tier2',
  'files.completeUploadExternal': 'tier4',
  'files.getUploadURLExternal': 'tier4',
  'oauth.v2.access': 'special',
  'pins.add': 'tier2',
  'pins.remove': 'tier2',
  'reactions.add': 'tier3',
  'team.info': 'tier3',
  'usergroups.list': 'tier2',
  'team.profile.get': 'tier3',
  'usergroups.users.list': 'tier2',
  'users.conversations': 'tier3',
  'users.info': 'tier4',
  'users.list': 'tier2',
  'users.lookupByEmail': 'tier3',
  'users.profile.get': 'tier4',
  'views.open': 'tier4',
  'views.publish': 'tier4',
  'views.push': 'tier4',
  'views.update': 'tier4',
};

type Limit = { key: string; most: number; withinMs: number };

const limitsOf = (method: string, channel: string): Limit[] => {
  const tier = TIERS[method] ?? 'none';
  if (tier === 'none') return [];
  if (tier === 'special') return [{ key: method, most: SPECIAL_PER_MINUTE, withinMs: MINUTE_MS }];
  if (tier === 'posting')
    return [
      { key: `${method} ${channel}`, most: 1, withinMs: SECOND_MS },
      { key: method, most: POSTS_PER_MINUTE, withinMs: MINUTE_MS },
    ];
  return [{ key: method, most: PER_MINUTE[tier], withinMs: MINUTE_MS }];
};

export type Meter = {
  /** Null when the call is allowed, and counted; else the seconds to wait, as `Retry-After` says them. */
  admit(method: string, channel: string): number | null;
};

/** Counts the calls of the last minute. `nowMs` is a clock that never goes back. */
export const createMeter = (nowMs: () => number = () => performance.now()): Meter => {
  const calls = new Map<string, number[]>();
  const waitMs = ({ key, most, withinMs }: Limit, now: number): number => {
    const recent = (calls.get(key) ?? []).filter((at) => now - at < withinMs);
    calls.set(key, recent);
    const freeing = recent.at(-most);
    return freeing === undefined ? 0 : freeing + withinMs - now;
  };
  return {
    admit: (method, channel) => {
      const now = nowMs();
      const limits = limitsOf(method, channel);
      const waiting = Math.max(0, ...limits.map((limit) => waitMs(limit, now)));
      if (waiting > 0) return Math.max(1, Math.ceil(waiting / SECOND_MS));
      for (const { key } of limits) calls.get(key)?.push(now);
      return null;
    },
  };
};
