/** The Web API's front door: arguments, token, scope, faults, and the log of what was called. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { SlackError } from './errors.ts';
import { takeEffects } from './faults.ts';
import type { FaultState } from './faults.ts';
import { answerJson, parseFields, readBody } from './http.ts';
import { needScope } from './methods/method.ts';
import type { CallContext, Method } from './methods/method.ts';
import { methods } from './methods/registry.ts';
import { isOfOrganisation, seenBy } from './organisation.ts';
import type { Installation } from './organisation.ts';
import { remember } from './state.ts';
import type { State } from './state.ts';
import type { Call, Json } from './types.ts';

export type WebApi = {
  state: State;
  faults: FaultState;
  baseUrl: () => string;
  openSocket: () => string;
};

type Answer = { status: number; body: Json; headers: Record<string, string> };

const bearer = (request: IncomingMessage): string | undefined =>
  /^Bearer\s+(.+)$/i.exec(request.headers.authorization ?? '')?.[1];

/** Slack: docs.slack.dev/apis/web-api: a token goes in the header, or in a form; not in JSON. */
const tokenOf = (request: IncomingMessage, args: Json): string | undefined => {
  const isJson = (request.headers['content-type'] ?? '').startsWith('application/json');
  return bearer(request) ?? (isJson || typeof args.token !== 'string' ? undefined : args.token);
};

const installationOf = (state: State, token: string): Installation => {
  for (const installation of state.installations.values()) {
    const issued = installation.tokens.find(({ text }) => text === token);
    if (issued === undefined) continue;
    if (installation.isRevoked) throw new SlackError('token_revoked');
    if (issued.expiresAtMs !== null && state.now().getTime() > issued.expiresAtMs)
      throw new SlackError('token_expired');
    return installation;
  }
  throw new SlackError('invalid_auth');
};

/** Slack: each method's page: "required if org token is used". */
const NEED_TEAM = new Set([
  'bots.info',
  'conversations.create',
  'conversations.list',
  'usergroups.list',
  'usergroups.users.list',
  'users.conversations',
  'users.list',
]);

/** What the call sees: all, or in an organisation what its token may see. */
const sightOf = (state: State, name: string, { args, token }: { args: Json; token: string | undefined }): State => {
  const method = methods[name];
  if (state.organisation === null || method?.token !== 'bot' || token === undefined || token === '') return state;
  if (token === state.app.appToken) throw new SlackError('not_allowed_token_type');
  const installation = installationOf(state, token);
  // Slack: usergroups.list: "This field will be ignored if the API call is sent using a workspace-level token."
  if (installation.teamId !== null) return seenBy(state, installation);
  const asked = typeof args.team_id === 'string' ? args.team_id : '';
  if (asked === '' && NEED_TEAM.has(name)) throw new SlackError('missing_argument');
  if (asked === '') return seenBy(state, installation);
  if (!isOfOrganisation(state, asked)) throw new SlackError('team_access_not_granted');
  return seenBy(state, installation, state.teams.get(asked));
};

const checkToken = (state: State, method: Method, token: string | undefined): void => {
  const { app } = state;
  if (method.token === 'none' || state.installation !== null) return;
  if (token === undefined || token === '') throw new SlackError('not_authed');
  if (token === app.botToken && app.isRevoked) throw new SlackError('token_revoked');
  if (token !== app.botToken && token !== app.appToken) throw new SlackError('invalid_auth');
  const wanted = method.token === 'bot' ? app.botToken : app.appToken;
  if (token !== wanted) throw new SlackError('not_allowed_token_type');
};

const run = (api: WebApi, name: string, given: { args: Json; token: string | undefined }): Answer => {
  let { state } = api;
  let accepted: string[] = [];
  const headers = (): Record<string, string> => ({
    'x-oauth-scopes': [...state.app.scopes].join(','),
    'x-accepted-oauth-scopes': accepted.join(','),
  });
  const { token: _token, ...args } = given.args;
  try {
    const method = methods[name];
    if (method === undefined) throw new SlackError('unknown_method', { req_method: name });
    state = sightOf(state, name, given);
    const call: CallContext = {
      state,
      args,
      baseUrl: api.baseUrl(),
      acceptScopes: (scopes) => {
        accepted = scopes;
      },
      openSocket: api.openSocket,
    };
    checkToken(state, method, given.token);
    needScope(call, method.scopes);
    return { status: 200, body: { ok: true, ...method.run(call) }, headers: headers() };
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    return {
      status: 200,
      body: { ok: false, error: error.code, ...error.extra },
      headers: headers(),
    };
  }
};

export type Twist = { answer?: Answer; isDropped: boolean; delayMs: number };

const rateLimited = (retryAfterS: number): Answer => ({
  status: 429,
  body: { ok: false, error: 'ratelimited' },
  headers: { 'retry-after': String(retryAfterS) },
});

/** What the planned faults do to this call. */
export const twistOf = (faults: FaultState, name: string): Twist => {
  const twist: Twist = { isDropped: false, delayMs: faults.latencyMs };
  for (const effect of takeEffects(faults, name)) {
    if (effect.is === 'delay') twist.delayMs += effect.ms;
    if (effect.is === 'dropResponse') twist.isDropped = true;
    if (effect.is === 'fail') {
      twist.answer = { status: 200, body: { ok: false, error: effect.error }, headers: {} };
    }
    if (effect.is === 'status') {
      twist.answer = { status: effect.status, body: { ok: false, error: 'service_unavailable' }, headers: {} };
    }
    if (effect.is === 'ratelimit') {
      twist.answer = rateLimited(effect.retryAfterS);
    }
  }
  return twist;
};

const isOut = (api: WebApi): boolean => typeof api.faults.outage === 'number';

/** Slack counts a call when it comes, whatever becomes of it. */
const overLimit = ({ faults }: WebApi, name: string, args: Json): Answer | undefined => {
  const retryAfterS = faults.meter?.admit(name, typeof args.channel === 'string' ? args.channel : '') ?? null;
  return retryAfterS === null ? undefined : rateLimited(retryAfterS);
};

/** Answers `/api/<method>`. */
export const handleWebApi = async (api: WebApi, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? '/', 'http://local');
  const name = url.pathname.replace(/^\/api\//, '');
  const body = await readBody(request);
  const fields = parseFields(request.headers['content-type'] ?? '', body);
  const args = { ...Object.fromEntries(url.searchParams), ...fields };
  const limited = overLimit(api, name, args);
  const twist = twistOf(api.faults, name);
  if (twist.delayMs > 0) await wait(twist.delayMs);
  const answer = isOut(api)
    ? { status: Number(api.faults.outage), body: { ok: false, error: 'service_unavailable' }, headers: {} }
    : (limited ??
      twist.answer ??
      (fields === undefined
        ? { status: 200, body: { ok: false, error: 'invalid_json' }, headers: {} }
        : run(api, name, { args, token: tokenOf(request, args) })));
  const { token: _token, ...logged }: Json = args;
  const call = record(api.state, name, { args: logged, answer, userAgent: request.headers['user-agent'] ?? '' });
  noteIfLost(api.state, call, response);
  if (twist.isDropped) request.socket.destroy();
  else answerJson(response, answer.body, answer);
};

const noteIfLost = (state: State, call: Call, response: ServerResponse): void => {
  const lost = (): void => state.emit({ type: 'answer_lost', call });
  if (response.destroyed) return lost();
  response.once('close', () => {
    if (!response.writableFinished) lost();
  });
};

const readable = (value: unknown): unknown => {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return value;
    throw error;
  }
};

/** Structured arguments are logged as structures, however they travelled. */
export const record = (
  state: State,
  method: string,
  made: { args: Json; answer: Pick<Answer, 'status' | 'body'>; userAgent?: string },
): Call => {
  const structured = ['blocks', 'view', 'attachments', 'metadata', 'files'];
  const args = Object.fromEntries(
    Object.entries(made.args).map(([key, value]) => [key, structured.includes(key) ? readable(value) : value]),
  );
  const call = {
    method,
    args,
    at: state.now(),
    answer: made.answer.body,
    status: made.answer.status,
    userAgent: made.userAgent ?? '',
  };
  remember(state.calls, call);
  state.emit({ type: 'call', call });
  return call;
};
