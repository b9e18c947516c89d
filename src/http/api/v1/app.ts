/** The door of the API, on Hono: bodies to a limit, tokens and sessions, rates, and every error as problem+json. */
import { getRequestListener } from '@hono/node-server';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { callerFromSession } from '../../../application/identity/caller.ts';
import type { ClientCaller } from '../../../application/identity/caller.ts';
import { DomainError } from '../../../domain/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { readRawBody } from '../../../lib/raw-body.ts';
import type { BodyProblem } from '../../../lib/raw-body.ts';
import { clientSessionOf, login } from '../../auth/login.ts';
import type { LoginDeps } from '../../auth/login.ts';
import type { Handle } from '../../routes.ts';
import { createPerMinute } from './limits.ts';
import type { PerMinute } from './limits.ts';
import { openApi } from './openapi.ts';
import { ApiError, UNAUTHORIZED, fail, problemFor, problemOf } from './problem.ts';
import type { Problem } from './problem.ts';
import { ROUTES } from './routes.ts';
import type { ApiVerbs, Route } from './routes.ts';
import { IDEMPOTENCY_KEY, endQuery, idempotencyKey, sessionBody, waitQuery } from './schemas.ts';
import type { Waiting } from './waiting.ts';

type Env = { Bindings: HttpBindings };
type Ctx = Context<Env>;

export type ApiParts = {
  auth: LoginDeps;
  verbs: ApiVerbs;
  waiting: Waiting;
  version: string;
  log: Log;
};

const anyQuery = waitQuery.extend(endQuery.shape);

type Api = ApiParts & { failedLogins: PerMinute; calls: PerMinute };

const BODY_MAX_BYTES = 64 * 1024;
const FAILED_LOGINS = 30;
const CALLS = 600;
const BUSY_MS = 5_000;

const answerJson = (status: number, body: object, headers: Record<string, string> = {}): Response =>
  new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
  });

const answerProblem = (problem: Problem, headers: Record<string, string> = {}): Response =>
  answerJson(problem.status, problem, {
    'content-type': 'application/problem+json',
    ...(problem.status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(problem.status === 429 && { 'retry-after': '60' }),
    ...headers,
  });

/** Whole seconds, and not before the time is over. */
const retryAfter = (ms: number): Record<string, string> => ({ 'retry-after': String(Math.ceil(ms / 1000)) });

const BODY_PROBLEMS: Record<BodyProblem, () => ApiError> = {
  too_large: () => fail(413, 'too_large', `The body is larger than ${BODY_MAX_BYTES} bytes.`),
  busy: () => fail(503, 'busy', 'There are too many large requests at the moment; send it again.'),
  cut_off: () => fail(408, 'cut_off', 'The body did not arrive.'),
};

const bodyOf = async (c: Ctx, isOptional = false): Promise<unknown> => {
  const read = await readRawBody(c.env.incoming, BODY_MAX_BYTES);
  if ('problem' in read) throw BODY_PROBLEMS[read.problem]();
  if (isOptional && read.body.length === 0) return {};
  try {
    return JSON.parse(read.body.toString('utf8')) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) throw fail(400, 'not_json', 'The body is no JSON.');
    throw error;
  }
};

type Schema = NonNullable<Route['body']>;

const checked = (schema: Schema, value: unknown): unknown => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  throw fail(400, 'bad_request', `${where}${issue?.message ?? 'This is not what the call takes.'}`);
};

const addressOf = (c: Ctx): string => c.env.incoming.socket.remoteAddress ?? '';

/** A good token always gets in: what is limited is how often a wrong one is answered with more than a refusal. */
const exchange = async (api: Api, c: Ctx): Promise<Response> => {
  const { token } = checked(sessionBody, await bodyOf(c)) as { token: string };
  const found = await login(api.auth, token.trim());
  if (found)
    return answerJson(201, { session: found.session, client: found.client, expires_at: found.expiresAt.toISOString() });
  const { retryMs } = api.failedLogins(addressOf(c));
  if (retryMs === null) return answerProblem(UNAUTHORIZED);
  return answerProblem(
    problemOf(429, 'too_many_logins', 'Too many tokens from this address were refused; wait a minute.'),
    retryAfter(retryMs),
  );
};

const callerOf = ({ auth, calls }: Api, c: Ctx): ClientCaller => {
  const [, session = ''] = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '') ?? [];
  const policy = auth.policy();
  const opened = session === '' ? null : auth.sessions.open(session, { policy, now: new Date() });
  if (!opened) throw new ApiError(UNAUTHORIZED);
  const { retryMs } = calls(opened.job.key);
  if (retryMs !== null)
    throw new ApiError(
      problemOf(429, 'too_many_calls', `A job may make ${CALLS} calls a minute; wait a minute.`),
      retryAfter(retryMs),
    );
  return callerFromSession(clientSessionOf(opened, policy));
};

const gone = (c: Ctx): AbortSignal => {
  const controller = new AbortController();
  c.env.outgoing.once('close', () => controller.abort());
  return controller.signal;
};

/** What is no id of ours is nothing's: a database would refuse some of it. */
const ID = /^[\w-]{1,100}$/;

const idOf = ({ path }: Route, c: Ctx): string => {
  const id = c.req.param('id') ?? '';
  if (!path.includes(':id') || ID.test(id)) return id;
  throw new DomainError(path.startsWith('/grants') ? 'grant_not_found' : 'request_not_found', {});
};

const serve = async (api: Api, route: Route, c: Ctx): Promise<Response> => {
  const caller = callerOf(api, c);
  const query = checked(anyQuery, route.query ? c.req.query() : {}) as ReturnType<typeof anyQuery.parse>;
  const body = route.body ? checked(route.body, await bodyOf(c, route.isBodyOptional)) : null;
  if (route.path === '/grants' && c.req.query('mine') === undefined)
    throw fail(400, 'bad_request', 'Write ?mine to give back all access of this job, or name a grant.');
  const header = route.isKeyed ? c.req.header(IDEMPOTENCY_KEY) : undefined;
  const key = header === undefined ? null : (checked(idempotencyKey, header) as string);
  const { verbs, waiting } = api;
  const id = idOf(route, c);
  const answer = await route.run({ verbs, waiting, caller, id, key, body, query, signal: gone(c) });
  return answerJson(answer.status, answer.body);
};

/** The pool had no connection to spare in time, so nothing was done; pg-pool says so by these words alone. */
const isCrowded = (error: unknown): boolean =>
  error instanceof Error && error.message === 'timeout exceeded when trying to connect';

const onError = ({ log }: Api, error: unknown): Response => {
  const problem = problemFor(error);
  if (problem) return answerProblem(problem, error instanceof ApiError ? error.headers : {});
  if (isCrowded(error)) {
    log.warn({ err: error }, 'a call of the API found no free connection to Postgres in time');
    const busy = problemOf(503, 'busy', 'Latchkey has too much to do at the moment; send it again.');
    return answerProblem(busy, retryAfter(BUSY_MS));
  }
  log.error({ err: error }, 'a call of the API failed');
  return answerProblem(problemOf(500, 'internal', 'Something went wrong here; the log says what.'));
};

export const createApi = (parts: ApiParts): Handle => {
  const api: Api = {
    ...parts,
    failedLogins: createPerMinute(FAILED_LOGINS),
    calls: createPerMinute(CALLS),
  };
  const app = new Hono<Env>().basePath('/api/v1');
  const document = openApi(parts.version);
  app.get('/openapi.json', () => answerJson(200, document));
  app.post('/sessions', (c) => exchange(api, c));
  for (const route of ROUTES) app.on(route.method.toUpperCase(), route.path, (c) => serve(api, route, c));
  const root = new Hono<Env>().route('/', app);
  root.onError((error) => onError(api, error));
  root.notFound(() => answerProblem(problemOf(404, 'not_found', 'There is no such call.')));
  const listener = getRequestListener((request, bindings) => root.fetch(request, bindings), {
    overrideGlobalObjects: false,
  });
  return async (request, response) => {
    await listener(request, response);
  };
};
