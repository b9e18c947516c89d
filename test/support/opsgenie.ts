/**
 * Opsgenie for tests: `GET /v2/schedules/{id or name}/on-calls` over real HTTP, flat or not, with schedules that rotate by a clock,
 * overrides, limits and outages. From Opsgenie's public documentation: docs.opsgenie.com/docs/who-is-on-call-api,
 * /docs/api-rate-limiting (headers), /docs/response (error bodies: message, took, requestId).
 */
import { DAY_MS, MONDAY, startOnCallServer, turnAt } from './on-call-server.ts';
import type { Answer, Asked, Json, OnCallServer, Rotation } from './on-call-server.ts';

/** A user's name is an address, unless it was deleted. */
type Schedule = Rotation & { id: string; name: string; isEnabled: boolean };

type State = { apiKey: string; schedules: Map<string, Schedule> };
export type Opsgenie = OnCallServer & State;

const META = { took: 0.004, requestId: '0fc2c5ab-1b1c-4d4d-9a1e-5a6d4c9a7a10' };

const error = (status: number, message: string, more: { [key: string]: Json } = {}): Answer => ({
  status,
  body: { message, ...more, ...META },
});

const onCallsOf = (schedule: Schedule, now: Date, isFlat: boolean): Answer => {
  const user = turnAt(schedule, now)?.user;
  const names = user === undefined ? [] : [user];
  const parent = { id: schedule.id, name: schedule.name, enabled: schedule.isEnabled };
  const participants = names.map((name) => ({ id: '4513b7ea-3b91-438f-b7e4-e3e54af9147c', name, type: 'user' }));
  const data: Json = isFlat
    ? { _parent: parent, onCallRecipients: names }
    : { _parent: parent, onCallParticipants: participants };
  return { status: 200, body: { data, ...META } };
};

const route = (state: State, { request, now }: Asked): Answer => {
  if (request.headers.authorization !== `GenieKey ${state.apiKey}`) return error(401, 'Could not authenticate');
  const url = new URL(request.url ?? '/', 'http://opsgenie.test');
  const named = /^\/v2\/schedules\/([^/]+)\/on-calls$/.exec(url.pathname)?.[1];
  if (request.method !== 'GET' || named === undefined) return error(404, 'No handler found');
  const identifier = decodeURIComponent(named);
  const type = url.searchParams.get('scheduleIdentifierType') ?? 'id';
  if (type !== 'id' && type !== 'name') return error(422, 'Request body is not processable. Please check the errors.');
  const schedule = [...state.schedules.values()].find((one) => one[type] === identifier);
  if (!schedule) return error(404, `Schedule with ${type} [${identifier}] does not exist`);
  return onCallsOf(schedule, now, url.searchParams.get('flat') === 'true');
};

/** Opsgenie counts by second and by minute; the header says which of the two was met. */
const answer = (state: State, asked: Asked): Answer => {
  if (!asked.isOver) return { ...route(state, asked), headers: { 'x-ratelimit-state': 'OK' } };
  const headers = {
    'x-ratelimit-state': 'THROTTLED',
    'x-ratelimit-reason': 'ACCOUNT',
    'x-ratelimit-period-in-sec': 60,
  };
  return { ...error(429, 'You are making too many requests!'), headers };
};

const LIMIT = 600;
export const FIRST = 'd875e654-9b4e-4219-a803-0c26936d18de';

/** Oscar and Rita take turns by the day in *First line*. */
export const startAcmeOpsgenie = async (): Promise<Opsgenie> => {
  const state: State = { apiKey: 'eb243592-faa2-4ba2-a551-1afdf565c889', schedules: new Map() };
  const users = ['oscar@acme.test', 'rita@acme.test'];
  const first = { id: FIRST, name: 'First line', users, from: MONDAY, turnMs: DAY_MS, overrides: [], isEnabled: true };
  state.schedules.set(FIRST, first);
  return { ...(await startOnCallServer(LIMIT, (asked) => answer(state, asked))), ...state };
};
