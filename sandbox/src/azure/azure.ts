/** The stand-in over HTTP on loopback. Login, Resource Manager and Graph share a host; a token counts for what it was requested for. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOnLoopback } from '../embedded/listen.ts';
import { befell, fairWeather, type Weather } from '../embedded/weather.ts';
import { instancesOf, newPim, putRequest, type Pim } from './pim.ts';

export type Assignment = { id: string; scope: string; roleDefinitionId: string; principalId: string };
export type User = { id: string; userPrincipalName: string; accountEnabled: boolean };
type Permission = { actions: string[]; notActions: string[] };
export type Fault = { status: number; retryAfter?: string } | 'reset' | 'reset after' | null;
export type State = {
  secret: string;
  tokens: Set<string>;
  users: User[];
  roles: Map<string, Permission>;
  /** Of Latchkey's app. */
  own: Permission;
  assignments: Assignment[];
  /** As lists show them, which may be a while ago. */
  past: { at: number; assignments: Assignment[] }[];
  staleMs: number;
  assignmentsMax: number;
  pageSize: number;
  /** Accounts that Resource Manager does not know yet. */
  fresh: Set<string>;
  log: string[];
  weather: Weather;
  pim: Pim;
  onRequest: (line: string) => Fault;
};
export type Azure = { state: State; url: string; stop(): Promise<void> };

type Answer = { status: number; body?: unknown; headers?: Record<string, string> };
const failed = (status: number, code: string, message = code): Answer => ({
  status,
  body: { error: { code, message } },
});

const newState = (): State => ({
  ...{ secret: 'Aa8~secret-of-the-app', tokens: new Set(), users: [], roles: new Map() },
  own: { actions: ['Microsoft.Authorization/roleAssignments/*', 'Microsoft.Authorization/*/read'], notActions: [] },
  ...{ assignments: [], past: [], staleMs: 0, assignmentsMax: 4_000, pageSize: 2, fresh: new Set(), log: [] },
  weather: fairWeather(),
  pim: newPim(),
  onRequest: () => null,
});

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
const keep = (state: State, assignments: Assignment[]): void => {
  state.past = [...state.past.slice(-50), { at: performance.now(), assignments: state.assignments }];
  state.assignments = assignments;
};
const shown = (state: State): Assignment[] => {
  const since = performance.now() - state.staleMs;
  return state.past.find(({ at }) => at > since)?.assignments ?? state.assignments;
};

const shape = ({ id, ...properties }: Assignment) => ({ id, name: id.split('/').at(-1), properties });

const paged = ({ pageSize }: State, all: object[], url: URL): Answer => {
  const from = Number(url.searchParams.get('$skiptoken') ?? 0);
  const next = new URL(url);
  next.searchParams.set('$skiptoken', String(from + pageSize));
  const nextLink = from + pageSize < all.length ? next.href : null;
  return { status: 200, body: { value: all.slice(from, from + pageSize), nextLink } };
};

const principalIn = (url: URL): string | undefined =>
  /^principalId eq '([^']+)'$/.exec(url.searchParams.get('$filter') ?? '')?.[1];

const list = (state: State, scope: string, url: URL): Answer => {
  const principal = principalIn(url);
  if (principal === undefined) return failed(400, 'InvalidFilter');
  const found = shown(state).filter(
    (one) =>
      isSame(one.principalId, principal) &&
      (isSame(one.scope, scope) || scope.toLowerCase().startsWith(`${one.scope.toLowerCase()}/`)),
  );
  return paged(state, found.map(shape), url);
};

type Put = { id: string; scope: string; properties: Record<string, string> };
const put = (state: State, { id, scope, properties }: Put): Answer => {
  const { roleDefinitionId = '', principalId = '', principalType } = properties;
  const wanted = { id, scope, roleDefinitionId, principalId };
  if (!state.roles.has(roleDefinitionId.split('/').at(-1) ?? '')) return failed(400, 'RoleDefinitionDoesNotExist');
  if (
    !state.users.some((one) => isSame(one.id, principalId)) ||
    state.fresh.has(principalId) ||
    principalType !== 'User'
  )
    return failed(400, 'PrincipalNotFound');
  const isThree = (one: Assignment): boolean =>
    isSame(one.scope, scope) && isSame(one.principalId, principalId) && isSame(one.roleDefinitionId, roleDefinitionId);
  const there = state.assignments.find((one) => isSame(one.id, id));
  if (there)
    return isThree(there) ? { status: 200, body: shape(there) } : failed(409, 'RoleAssignmentUpdateNotPermitted');
  if (state.assignments.some(isThree))
    return failed(409, 'RoleAssignmentExists', 'The role assignment already exists.');
  if (state.assignments.length >= state.assignmentsMax) return failed(400, 'RoleAssignmentLimitExceeded');
  keep(state, [...state.assignments, wanted]);
  return { status: 201, body: shape(wanted) };
};

const mayDo = ({ own }: State, verb: string): boolean =>
  own.actions.some(
    (one) =>
      one === '*' || one === 'Microsoft.Authorization/roleAssignments/*' || one.endsWith(`roleAssignments/${verb}`),
  );

const PIM_API = '2020-10-01';

const managePim = (state: State, { method, url, body }: { method: string; url: URL; body: string }): Answer => {
  const [scope = '', rest = ''] = url.pathname.split('/providers/Microsoft.Authorization/');
  const [kind, name] = rest.split('/');
  if (url.searchParams.get('api-version') !== PIM_API) return failed(400, 'InvalidApiVersionParameter');
  if (kind === 'roleAssignmentScheduleInstances' && method === 'GET') {
    const principal = principalIn(url);
    if (principal === undefined) return failed(400, 'InvalidFilter');
    return paged(state, instancesOf(state.pim.schedules, scope, principal), url);
  }
  if (kind !== 'roleAssignmentScheduleRequests' || method !== 'PUT' || name === undefined)
    return failed(404, 'NotFound');
  // Who assigns by a request needs the right to assign.
  if (!mayDo(state, 'write')) return failed(403, 'AuthorizationFailed');
  const { properties } = JSON.parse(body) as { properties: Record<string, string> };
  if (state.fresh.has(properties['principalId'] ?? '')) return failed(400, 'PrincipalNotFound');
  return putRequest(state.pim, { scope, name }, properties);
};

const manage = (state: State, { method, url, body }: { method: string; url: URL; body: string }): Answer => {
  const [scope = '', rest = ''] = url.pathname.split('/providers/Microsoft.Authorization/');
  const [kind, name] = rest.split('/');
  if (url.searchParams.get('api-version') === null) return failed(400, 'MissingApiVersionParameter');
  if (kind === 'permissions') return { status: 200, body: { value: [state.own] } };
  if (kind === 'roleDefinitions') {
    const role = state.roles.get(name ?? '');
    return role
      ? { status: 200, body: { properties: { roleName: `role ${name}`, permissions: [role] } } }
      : failed(404, 'RoleDefinitionDoesNotExist');
  }
  if (kind?.startsWith('roleAssignmentSchedule')) return managePim(state, { method, url, body });
  if (kind !== 'roleAssignments') return failed(404, 'NotFound');
  if (name === undefined) return list(state, scope, url);
  const verb = method === 'PUT' ? 'write' : 'delete';
  if (!mayDo(state, verb)) return failed(403, 'AuthorizationFailed');
  if (method === 'PUT')
    return put(state, {
      id: url.pathname,
      scope,
      properties: (JSON.parse(body) as { properties: Record<string, string> }).properties,
    });
  if (!state.assignments.some(({ id }) => isSame(id, url.pathname))) return { status: 204 };
  keep(
    state,
    state.assignments.filter(({ id }) => !isSame(id, url.pathname)),
  );
  return { status: 200, body: {} };
};

const graph = ({ users }: State, url: URL): Answer => {
  const name = decodeURIComponent(url.pathname.slice('/v1.0/users/'.length));
  const user = users.find((one) => isSame(one.id, name) || isSame(one.userPrincipalName, name));
  return user ? { status: 200, body: user } : failed(404, 'Request_ResourceNotFound');
};

const login = (state: State, form: URLSearchParams): Answer => {
  if (form.get('grant_type') !== 'client_credentials' || form.get('client_secret') !== state.secret)
    return {
      status: 401,
      body: {
        error: 'invalid_client',
        error_description: 'AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1',
      },
    };
  const access_token = randomUUID();
  state.tokens.add(access_token);
  return { status: 200, body: { access_token, expires_in: 3_599 } };
};

const answerTo = (
  state: State,
  { method, url, body, authorization }: { method: string; url: URL; body: string; authorization: string },
): Answer => {
  if (url.pathname.endsWith('/oauth2/v2.0/token')) return login(state, new URLSearchParams(body));
  if (!state.tokens.has(authorization.replace(/^Bearer /, ''))) return failed(401, 'InvalidAuthenticationToken');
  return url.pathname.startsWith('/v1.0/users/') ? graph(state, url) : manage(state, { method, url, body });
};

const serve = async (state: State, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { method = 'GET', headers } = request;
  const url = new URL(request.url ?? '/', `http://${headers.host}`);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const line = `${method} ${url.pathname}`;
  state.log.push(line);
  const refuse = (waitsMs: number): void => {
    const headers = { 'content-type': 'application/json', 'retry-after': String(Math.ceil(waitsMs / 1000)) };
    response.writeHead(429, headers);
    response.end(JSON.stringify(failed(429, 'TooManyRequests').body));
  };
  if (befell(state.weather, { request, response }, refuse)) return;
  const fault = state.onRequest(line);
  if (fault === 'reset') return void request.socket.destroy();
  const answer =
    fault !== null && fault !== 'reset after'
      ? {
          ...failed(fault.status, 'Fault'),
          headers: fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter },
        }
      : answerTo(state, {
          method,
          url,
          body: Buffer.concat(chunks).toString(),
          authorization: headers.authorization ?? '',
        });
  if (fault === 'reset after') return void request.socket.destroy();
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
};

export const startAzure = async (): Promise<Azure> => {
  const state = newState();
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => response.writeHead(500).end());
  });
  const { port, stop } = await listenOnLoopback(server);
  return { state, url: `http://127.0.0.1:${port}`, stop };
};
