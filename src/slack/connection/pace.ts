/**
 * Keeps Slack's documented rate limits before Slack has to. All processes plan their calls together in Postgres; Slack allows bursts but promises
 * none, so half of a minute's calls may come at once and the rest come evenly. Slack: docs.slack.dev/apis/web-api/rate-limits
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { FetchFunction } from '@slack/web-api';
import type { Pace } from '../../application/identity/fact-ports.ts';
import type { Waits } from '../../lib/waits.ts';
import { answerOf } from './answers.ts';
import type { Answer } from './answers.ts';

type Limit = { key: string; everyMs: number; burst: number };

/** Calls a minute: `burst` at once and the rest evenly, together never more than the tier in any minute. */
const tier = (perMinute: number, burst: number) => ({ everyMs: Math.ceil(60_000 / (perMinute - burst)), burst });
const TIER_2 = tier(20, 8);
const TIER_3 = tier(50, 20);
const TIER_4 = tier(100, 50);

/** What opens for a person who waits in front of the screen is not planned: it would be late, and the look-ups before it are. */
const TIERS: Readonly<Record<string, Omit<Limit, 'key'>>> = {
  'usergroups.list': TIER_2,
  'conversations.list': TIER_2,
  'users.lookupByEmail': TIER_3,
  'conversations.info': TIER_3,
  'conversations.join': TIER_3,
  // In an incident this one is needed for minutes on end: few at once, so that more come evenly.
  'chat.update': tier(50, 10),
  'users.info': TIER_4,
  'users.profile.get': TIER_4,
  'conversations.members': TIER_4,
};

/** One message a second to each channel; the tenth on top is for the way, on which two calls may come closer together. */
const POST_EVERY_MS = 1_100;
/** Slack says "several hundred" a minute for a workspace. */
const POSTS = tier(300, 100);

const limitsOf = (method: string, body: string): Limit[] => {
  if (method === 'chat.postMessage') {
    const channel = /(?:^|&)channel=([^&]*)/.exec(body)?.[1] ?? '';
    return [
      { key: `${method} ${channel}`, everyMs: POST_EVERY_MS, burst: 1 },
      { key: method, ...POSTS },
    ];
  }
  const limit = TIERS[method];
  return limit ? [{ key: method, ...limit }] : [];
};

/** A planned moment that was not used for so long has passed. */
const PLAN_KEPT_MS = 5_000;

/** `isTaken` false: it comes too late, and nobody has it. */
type Moment = { atMs: number; isTaken: boolean };

/** Moments that were planned for calls that could not wait here: the next call with the same key takes the earliest. */
const createPlans = (pace: Pace) => {
  const plans = new Map<string, number[]>();
  return {
    /** The moment of the next call, in milliseconds of `performance.now()`. */
    next: async ({ key, ...limit }: Limit, holdMs: number): Promise<Moment> => {
      const nowMs = performance.now();
      const planned = (plans.get(key) ?? []).filter((atMs) => atMs > nowMs - PLAN_KEPT_MS);
      const [earliest] = planned;
      const isUsable = earliest !== undefined && earliest <= nowMs + holdMs;
      if (isUsable) planned.shift();
      if (planned.length > 0) plans.set(key, planned);
      else plans.delete(key);
      if (isUsable) return { atMs: earliest, isTaken: true };
      const { isTaken, waitMs } = await pace.reserve(key, { ...limit, mostMs: holdMs });
      return { atMs: nowMs + waitMs, isTaken };
    },
    keep: ({ key }: Limit, atMs: number): void => {
      plans.set(
        key,
        [...(plans.get(key) ?? []), atMs].toSorted((a, b) => a - b),
      );
    },
  };
};

const POST_GAP_MS = 1_000;
/** How long until the next look at a turn that another has: it ends when Slack has answered. */
const TURN_LOOK_MS = 50;

const turnOf = async (pace: Pace, key: string): Promise<void> => {
  for (;;) {
    const waitMs = await pace.begin(key);
    if (waitMs === 0) return;
    await delay(waitMs > POST_GAP_MS ? TURN_LOOK_MS : waitMs);
  }
};

/** One after the other in all processes: a call that was late, as on a busy machine, must not bring the next one too near, so the gap is counted from its answer. */
export const createSpacing = () => {
  const tails = new Map<string, Promise<unknown>>();
  return async <T>(pace: Pace, limits: readonly Limit[], call: () => Promise<T>): Promise<T> => {
    const key = limits.find(({ burst }) => burst === 1)?.key;
    if (key === undefined) return call();
    const before = tails.get(key);
    const mine = (async () => {
      await before;
      await turnOf(pace, key);
      try {
        return await call();
      } finally {
        // What Slack has answered counts; where Postgres is away, the turn ends by itself.
        await pace.end(key, POST_GAP_MS).catch(() => undefined);
      }
    })();
    const tail = mine.catch(() => undefined);
    tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (tails.get(key) === tail) tails.delete(key);
    }
  };
};

const SECOND_MS = 1_000;
const TOO_MANY_REQUESTS = 429;

/** As Slack answers, without having been called. */
const tooMany = (url: string, waitMs: number): Answer => {
  const headers = { 'retry-after': String(Math.max(1, Math.ceil(waitMs / SECOND_MS))) };
  return answerOf(url, { status: TOO_MANY_REQUESTS, body: { ok: false, error: 'ratelimited' }, headers });
};

const methodIn = (url: string): string => new URL(url).pathname.split('/').at(-1) ?? '';

export type Spacing = ReturnType<typeof createSpacing>;

export type Pacing = {
  /** Makes a call when its moment comes; past `holdMs` it answers as Slack does when a limit is met. */
  fetch: FetchFunction;
  /** Resolves when a call of this method may be made. The next one goes at once; what would wait too long is left to it to say. */
  ready(method: string): Promise<void>;
  /** Whether a call may be made now that leaves a good part of each limit free. If so, the next one goes at once. */
  hasRoom(method: string): Promise<boolean>;
};

/** Hundreds may wait in an incident: they must not come back all at once, again and again. */
const SPREAD_MS = 30_000;

/** Takes a moment where a good part of each limit stays free for what people wait for, and gives null; else the milliseconds until there may be one. */
const reserveSpare = async (pace: Pace, limits: readonly Limit[]): Promise<number | null> => {
  for (const { key, everyMs, burst } of limits) {
    const half = Math.max(1, Math.floor(burst / 2));
    const { isTaken, waitMs } = await pace.reserve(key, { everyMs, burst: half, mostMs: 0 });
    if (!isTaken) return waitMs;
  }
  return null;
};

/** For what may come late: a call goes only where there is room for it. Else it is answered as Slack does when a limit is met. */
export const createSpareFetch =
  (call: FetchFunction, pace: Pace, space: Spacing): FetchFunction =>
  async (url, init = {}) => {
    const limits = limitsOf(methodIn(String(url)), typeof init.body === 'string' ? init.body : '');
    const waitMs = await reserveSpare(pace, limits);
    if (waitMs !== null) return tooMany(String(url), waitMs + Math.random() * SPREAD_MS);
    return space(pace, limits, () => call(url, init));
  };

type Plans = ReturnType<typeof createPlans>;

const createMoments = (plans: Plans | null, holdMs: number) => {
  return async (limits: Limit[]): Promise<{ waitMs: number; isTaken: boolean; keep: () => void }> => {
    if (!plans) return { waitMs: 0, isTaken: true, keep: () => undefined };
    const moments = await Promise.all(limits.map(async (limit) => ({ limit, ...(await plans.next(limit, holdMs)) })));
    const taken = moments.filter((one) => one.isTaken);
    return {
      waitMs: Math.max(0, ...moments.map(({ atMs }) => atMs)) - performance.now(),
      isTaken: taken.length === moments.length,
      keep: () => taken.forEach(({ limit, atMs }) => plans.keep(limit, atMs)),
    };
  };
};

const createHasRoom =
  (pace: Pace | null, plans: Plans | null): Pacing['hasRoom'] =>
  async (method) => {
    if (!pace || !plans) return true;
    const limits = limitsOf(method, '');
    if ((await reserveSpare(pace, limits)) !== null) return false;
    for (const limit of limits) plans.keep(limit, performance.now());
    return true;
  };

/** Waits up to `holdMs` for the moment of a call, and for what Slack demands. */
export const createPacing = (
  call: FetchFunction,
  { pace, space, waits }: { pace: Pace | null; space: Spacing; waits: Waits },
  holdMs: number,
): Pacing => {
  const plans = pace && createPlans(pace);
  const momentOf = createMoments(plans, holdMs);
  const fetch: FetchFunction = async (url, init = {}) => {
    const untilMs = performance.now() + holdMs;
    const limits = limitsOf(methodIn(String(url)), typeof init.body === 'string' ? init.body : '');
    const { waitMs, isTaken, keep } = await momentOf(limits);
    if (!isTaken) {
      keep();
      return tooMany(String(url), waitMs);
    }
    if (waitMs > 0) await waits.wait(waitMs);
    const send = async (): Promise<Answer> => {
      for (;;) {
        const answer = await call(url, init);
        const askedMs = answer.status === TOO_MANY_REQUESTS ? Number(answer.headers.get('retry-after')) * SECOND_MS : 0;
        if (!(askedMs > 0) || performance.now() + askedMs > untilMs) return answer;
        await waits.wait(askedMs);
      }
    };
    return pace ? space(pace, limits, send) : send();
  };
  const ready = async (method: string): Promise<void> => {
    const { waitMs, isTaken, keep } = await momentOf(limitsOf(method, ''));
    keep();
    if (isTaken && waitMs > 0) await waits.wait(waitMs);
  };
  return { fetch, ready, hasRoom: createHasRoom(pace, plans) };
};
