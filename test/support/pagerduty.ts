/**
 * PagerDuty for tests: `GET /oncalls` and `GET /schedules/{id}` over real HTTP, with schedules that rotate by a clock, overrides,
 * escalation policies, pages, limits and outages. From PagerDuty's public documentation: developer.pagerduty.com/api-reference
 * ("List all of the on-calls", "Get a schedule") and docs/REST-API/ in github.com/PagerDuty/developer-docs.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type User = { id: string; name: string; email: string };
type Override = { user: string; from: Date; until: Date };
/** Users take turns of `turnMs`, the first from `from` on. */
type Schedule = { id: string; name: string; users: string[]; from: Date; turnMs: number; overrides: Override[] };
/** Targets of one tier: ids of schedules or users. */
type EscalationPolicy = { id: string; name: string; tiers: string[][] };
type Fault = { status: number; headers?: Record<string, string>; body?: string } | 'hang' | 'drop';

export type PagerDuty = {
  apiUrl: string;
  token: string;
  users: Map<string, User>;
  schedules: Map<string, Schedule>;
  policies: Map<string, EscalationPolicy>;
  setClock(now: Date): void;
  /** Requests in one minute before 429; PagerDuty allows 960. */
  limitTo(requests: number): void;
  /** What the next `times` requests get instead of an answer. */
  fail(fault: Fault, times?: number): void;
  clearFaults(): void;
  /** Paths with their queries, in order. */
  requests: string[];
  close(): Promise<void>;
};

type State = Pick<PagerDuty, 'token' | 'users' | 'schedules' | 'policies' | 'requests'> & {
  now: Date;
  limit: number;
  used: number;
  faults: Fault[];
};

type Answer = { status: number; body: Json };
type Shift = { user: string; from: Date; until: Date };

const error = ({ status, code }: { status: number; code: number }, message: string, errors: string[] = []): Answer => ({
  status,
  body: { error: { message, code, ...(errors.length > 0 ? { errors } : {}) } },
});

const shiftAt = ({ users, from, turnMs, overrides }: Schedule, now: Date): Shift | null => {
  const override = overrides.find((one) => one.from <= now && now < one.until);
  if (override) return override;
  const turn = Math.floor((now.getTime() - from.getTime()) / turnMs);
  const user = turn < 0 ? undefined : users[turn % users.length];
  if (user === undefined) return null;
  const start = from.getTime() + turn * turnMs;
  return { user, from: new Date(start), until: new Date(start + turnMs) };
};

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

type Tier = { policy: EscalationPolicy; level: number; target: string };

const oncallWire = (state: State, { policy, level, target }: Tier, isIncluded: boolean): Json[] => {
  const schedule = state.schedules.get(target);
  const shift = schedule ? shiftAt(schedule, state.now) : null;
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

const listOncalls = (state: State, query: URLSearchParams): Answer => {
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

const route = (state: State, request: IncomingMessage): Answer => {
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

const answer = (state: State, request: IncomingMessage, response: ServerResponse): void => {
  state.requests.push(request.url ?? '');
  const fault = state.faults.shift();
  if (fault === 'hang') return;
  if (fault === 'drop') return void request.socket.destroy();
  if (fault) return void response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? '');
  state.used += 1;
  const isOver = state.used > state.limit;
  const { status, body } = isOver ? error({ status: 429, code: 2020 }, 'Rate Limit Exceeded') : route(state, request);
  response.writeHead(status, {
    'content-type': 'application/json',
    'ratelimit-limit': state.limit,
    'ratelimit-remaining': Math.max(0, state.limit - state.used),
    'ratelimit-reset': 20,
  });
  response.end(JSON.stringify(body));
};

const startPagerDuty = async (): Promise<PagerDuty> => {
  const state: State = {
    token: 'y_NbAkKc66ryYTWUXYEu',
    users: new Map(),
    schedules: new Map(),
    policies: new Map(),
    requests: [],
    now: new Date(),
    limit: 960,
    used: 0,
    faults: [],
  };
  const server = createServer((request, response) => answer(state, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { token, users, schedules, policies, requests } = state;
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    users,
    schedules,
    policies,
    requests,
    setClock: (now) => {
      state.now = now;
    },
    limitTo: (count) => {
      state.used = 0;
      state.limit = count;
    },
    fail: (fault, times = 1) => void state.faults.push(...Array.from({ length: times }, () => fault)),
    clearFaults: () => {
      state.faults = [];
      state.used = 0;
      state.limit = 960;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const DAY_MS = 86_400_000;
const MONDAY = new Date('2026-11-02T08:00:00Z');

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

export const hoursLater = (hours: number): Date => new Date(MONDAY.getTime() + hours * 3_600_000);
