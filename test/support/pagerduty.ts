/**
 * PagerDuty for tests: `GET /oncalls` and `GET /schedules/{id}` over real HTTP, with schedules that rotate by a clock, overrides,
 * escalation policies, pages, limits and outages. From PagerDuty's public documentation: developer.pagerduty.com/api-reference
 * ("List all of the on-calls", "Get a schedule") and docs/REST-API/ in github.com/PagerDuty/developer-docs.
 */
import { DAY_MS, MONDAY, startOnCallServer, turnAt } from './on-call-server.ts';
import type { Answer, Asked, Json, OnCallServer, Rotation } from './on-call-server.ts';

export { hoursLater } from './on-call-server.ts';

type User = { id: string; name: string; email: string };
type Schedule = Rotation & { id: string; name: string };
/** Targets of one tier: ids of schedules or users. */
type EscalationPolicy = { id: string; name: string; tiers: string[][] };

type State = {
  token: string;
  users: Map<string, User>;
  schedules: Map<string, Schedule>;
  policies: Map<string, EscalationPolicy>;
};

export type PagerDuty = OnCallServer & State;

const error = ({ status, code }: { status: number; code: number }, message: string, errors: string[] = []): Answer => ({
  status,
  body: { error: { message, code, ...(errors.length > 0 ? { errors } : {}) } },
});

const reference = (type: string, id: string, summary: string): Json => ({
  id,
  type: `${type}_reference`,
  summary,
  self: `https://api.pagerduty.com/${type}s/${id}`,
  html_url: `https://acme.pagerduty.com/${type}s/${id}`,
});

/** Without `include[]=users` the address is not shown. */
const userWire = (state: State, id: string, isIncluded: boolean): Json => {
  const user = state.users.get(id);
  if (!user || !isIncluded) return reference('user', id, user?.name ?? 'Deleted User');
  return {
    ...(reference('user', id, user.name) as object),
    type: 'user',
    name: user.name,
    email: user.email,
    time_zone: 'Etc/UTC',
    role: 'user',
    job_title: null,
    teams: [],
  };
};

type Now = State & { now: Date };
type Tier = { policy: EscalationPolicy; level: number; target: string };

const oncallWire = (state: Now, { policy, level, target }: Tier, isIncluded: boolean): Json[] => {
  const schedule = state.schedules.get(target);
  const shift = schedule ? turnAt(schedule, state.now) : null;
  if (schedule && !shift) return [];
  return [
    {
      escalation_policy: reference('escalation_policy', policy.id, policy.name),
      escalation_level: level,
      schedule: schedule ? reference('schedule', schedule.id, schedule.name) : null,
      user: userWire(state, shift?.user ?? target, isIncluded),
      start: shift?.from.toISOString() ?? null,
      end: shift?.until.toISOString() ?? null,
    },
  ];
};

const listOncalls = (state: Now, query: URLSearchParams): Answer => {
  const limit = Number(query.get('limit') ?? 25);
  const offset = Number(query.get('offset') ?? 0);
  if (!(limit >= 1 && limit <= 100) || !(offset >= 0) || offset + limit > 10_000)
    return error({ status: 400, code: 2001 }, 'Invalid Input Provided', ['Limit or offset is out of range.']);
  const wanted = query.getAll('schedule_ids[]');
  const tiers = [...state.policies.values()].flatMap((policy) =>
    policy.tiers.flatMap((targets, index) => targets.map((target): Tier => ({ policy, level: index + 1, target }))),
  );
  const all = tiers
    .filter(({ target }) => wanted.length === 0 || wanted.includes(target))
    .flatMap((tier) => oncallWire(state, tier, query.getAll('include[]').includes('users')));
  const more = all.length > offset + limit;
  return { status: 200, body: { oncalls: all.slice(offset, offset + limit), limit, offset, more, total: null } };
};

const getSchedule = (state: State, id: string): Answer => {
  const schedule = state.schedules.get(id);
  if (!schedule) return error({ status: 404, code: 2100 }, 'Not Found');
  return { status: 200, body: { schedule: { id, type: 'schedule', summary: schedule.name, name: schedule.name } } };
};

const route = (state: Now, { request }: Asked): Answer => {
  const url = new URL(request.url ?? '/', 'http://pagerduty.test');
  if (request.headers.authorization !== `Token token=${state.token}`)
    return error({ status: 401, code: 2006 }, 'Authentication failed');
  // Stricter than PagerDuty, which then falls back to the account's default version.
  if (request.headers.accept !== 'application/vnd.pagerduty+json;version=2')
    return error({ status: 400, code: 2001 }, 'Invalid Input Provided', ['Accept must ask for version 2.']);
  if (request.method === 'GET' && url.pathname === '/oncalls') return listOncalls(state, url.searchParams);
  const id = /^\/schedules\/([^/]+)$/.exec(url.pathname)?.[1];
  return id === undefined
    ? error({ status: 404, code: 2100 }, 'Not Found')
    : getSchedule(state, decodeURIComponent(id));
};

const answer = (state: State, asked: Asked): Answer => {
  const { status, body } = asked.isOver
    ? error({ status: 429, code: 2020 }, 'Rate Limit Exceeded')
    : route({ ...state, now: asked.now }, asked);
  const headers = { 'ratelimit-limit': asked.limit, 'ratelimit-remaining': asked.left, 'ratelimit-reset': 20 };
  return { status, body, headers };
};

/** PagerDuty allows 960 requests in one minute. */
const LIMIT = 960;

const startPagerDuty = async (): Promise<PagerDuty> => {
  const state: State = {
    token: 'y_NbAkKc66ryYTWUXYEu',
    users: new Map(),
    schedules: new Map(),
    policies: new Map(),
  };
  return { ...(await startOnCallServer(LIMIT, (asked) => answer(state, asked))), ...state };
};

/** Oscar and Rita take turns by the day as first tier, Sam is the second; schedule PSECOND has Sam alone, in the second tier. */
export const startAcmePagerDuty = async (): Promise<PagerDuty> => {
  const pagerDuty = await startPagerDuty();
  for (const name of ['oscar', 'rita', 'sam', 'ada'])
    pagerDuty.users.set(`PU${name.toUpperCase()}`, { id: `PU${name.toUpperCase()}`, name, email: `${name}@acme.test` });
  const schedule = (id: string, users: string[]): void =>
    void pagerDuty.schedules.set(id, { id, name: id, users, from: MONDAY, turnMs: DAY_MS, overrides: [] });
  schedule('PFIRST', ['PUOSCAR', 'PURITA']);
  schedule('PSECOND', ['PUSAM']);
  pagerDuty.policies.set('PPROD', { id: 'PPROD', name: 'Production', tiers: [['PFIRST'], ['PSECOND', 'PFIRST']] });
  pagerDuty.setClock(MONDAY);
  return pagerDuty;
};
