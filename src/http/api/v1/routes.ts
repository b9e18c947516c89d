/** What the API does. One entry is one call: its schemas check what comes, and the OpenAPI document is made of the same. */
import { setTimeout as delay } from 'node:timers/promises';
import { isOver } from '../../../domain/lifecycle.ts';
import type { z } from 'zod';
import { overrideText } from '../../../domain/policy/freeze-override.ts';
import { readTypedDuration } from '../../../domain/time/typed-duration.ts';
import type { Caller, ClientCaller } from '../../../application/identity/caller.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { CreateRequestResult } from '../../../application/requests/request-types.ts';
import type { JobRequestInput } from '../../../application/requests/request-of-job.ts';
import type { UseCases } from '../../../application/verbs.ts';
import { requestAnswerOf } from './answers.ts';
import { ApiError, fail, problemOf } from './problem.ts';
import {
  credentialsAnswer,
  credentialsBody,
  endAnswer,
  endQuery,
  heartbeatAnswer,
  requestAnswer,
  requestBody,
  waitQuery,
} from './schemas.ts';
import type { Waiting } from './waiting.ts';

export type ApiVerbs = Pick<UseCases, 'ownRequest' | 'cancel' | 'showCredentials' | 'end'> & {
  createRequest(input: JobRequestInput): Promise<CreateRequestResult>;
  waitingFor(view: RequestView): Promise<string[]>;
  /** Where the request stands in Slack; null before it does. */
  messageUrl(requestId: string): Promise<string | null>;
  heartbeat(input: { caller: Caller; grantId: string }): Promise<{ id: string; expiresAt: Date }>;
  /** Live grants of this job. */
  grantsOf(caller: Caller): Promise<string[]>;
};

export type Call = {
  verbs: ApiVerbs;
  waiting: Waiting;
  caller: ClientCaller;
  id: string;
  /** What the client calls this call. */
  key: string | null;
  body: unknown;
  query: z.infer<typeof waitQuery> & z.infer<typeof endQuery>;
  signal: AbortSignal;
};

export type Answer = { status: number; body: object };

export type Route = {
  method: 'get' | 'post' | 'delete';
  path: string;
  summary: string;
  body?: z.ZodType;
  /** Nothing at all counts as `{}`. */
  isBodyOptional?: true;
  /** Takes a header that distinguishes a call that is sent again from a new one. */
  isKeyed?: true;
  query?: z.ZodObject;
  answers: Record<number, z.ZodType>;
  run(call: Call): Promise<Answer>;
};

const shown = async ({ verbs }: Pick<Call, 'verbs'>, view: RequestView): Promise<object> =>
  requestAnswerOf(view, {
    waitingFor: view.request.state === 'pending' ? await verbs.waitingFor(view) : [],
    messageUrl: await verbs.messageUrl(view.request.id),
  });

const durationOf = (text: string | undefined): number | null => {
  if (text === undefined) return null;
  const ms = readTypedDuration(text);
  if (ms === null) throw fail(422, 'bad_duration', 'for is no duration; write one such as 30m or 1h30m.');
  return ms;
};

const demandSent = (result: CreateRequestResult): Extract<CreateRequestResult, { outcome: 'sent' }> => {
  if (result.outcome === 'sent') return result;
  if (result.outcome === 'denied') {
    const { verdict, override = null } = result;
    const detail = override ? `${verdict.message} ${overrideText(override)}` : verdict.message;
    throw new ApiError({ ...problemOf(403, verdict.code, detail), rule: verdict.rule, override: override?.id ?? null });
  }
  const problems = result.problems.map(({ field, code, facts }) => ({ field, code, facts }));
  const code = problems[0]?.code ?? 'bad_request';
  throw new ApiError({
    ...problemOf(422, code, `The request is not complete: ${code.replaceAll('_', ' ')}.`),
    problems,
  });
};

const create = async (call: Call): Promise<Answer> => {
  const { verbs, caller, key: clientKey } = call;
  const { role, for: length, reason, ticket, plan, starts, window } = call.body as z.infer<typeof requestBody>;
  if (starts !== undefined && window !== undefined)
    throw fail(422, 'bad_request', 'starts and window are two ways to say when; give one.');
  const [target = '', name = '', ...rest] = role.split('/');
  if (!target || !name || rest.length > 0) throw fail(422, 'unknown_role', 'role must be target/role.');
  const result = demandSent(
    await verbs.createRequest({
      caller,
      target,
      role: name,
      durationMs: durationOf(length),
      reason,
      ticket: ticket ?? null,
      start: starts === undefined ? null : { kind: 'at', at: new Date(starts) },
      window: window ?? null,
      plan: plan ?? null,
      clientKey,
    }),
  );
  return { status: result.isRepeat ? 200 : 201, body: await shown(call, result.view) };
};

const read = async (call: Call): Promise<Answer> => {
  const { verbs, caller, id: requestId, query, waiting, signal } = call;
  const view = await verbs.ownRequest({ caller, requestId });
  const isKnown =
    query.version === undefined ? view.request.state === 'pending' : query.version === view.request.version;
  if (query.wait === 0 || !isKnown) return { status: 200, body: await shown(call, view) };
  await waiting.change(view.request.id, view.request.version, { ms: query.wait * 1000, signal });
  return { status: 200, body: await shown(call, await verbs.ownRequest({ caller, requestId })) };
};

const credentials = async ({ verbs, caller, id: requestId, body: sent }: Call): Promise<Answer> => {
  const { public_key: publicKey } = sent as z.infer<typeof credentialsBody>;
  const { request, grant } = await verbs.ownRequest({ caller, requestId });
  if (grant?.state !== 'active')
    throw fail(409, 'not_active', `The request is ${request.state}, and its access is not active.`);
  const { credentials: found } = await verbs.showCredentials({
    caller,
    grantId: grant.id,
    ...(publicKey !== undefined && { publicKey }),
  });
  const fields = found.fields.map(({ name, env, value, secret }) => ({ name, env, value, secret }));
  const body = { grant: grant.id, expires_at: grant.expiresAt.toISOString(), fields, instructions: found.text };
  return { status: 200, body };
};

const cancelRequest = async (call: Call): Promise<Answer> => {
  const { verbs, caller, id: requestId } = call;
  await verbs.ownRequest({ caller, requestId });
  const { view } = await verbs.cancel({ caller, requestId });
  return { status: 200, body: await shown(call, view) };
};

const heartbeat = async ({ verbs, caller, id }: Call): Promise<Answer> => {
  const { id: grant, expiresAt } = await verbs.heartbeat({ caller, grantId: id });
  return { status: 200, body: { grant, expires_at: expiresAt.toISOString() } };
};

const CONFIRM_MS = 25_000;
/** Removal follows closing at once; one that takes longer keeps no job waiting, since nobody gets in any more. */
const REMOVED_MS = 5_000;
/** Doubling: most are removed within the first looks, and a job pays for each minute that it runs. */
const LOOK_FROM_MS = 10;
const LOOK_TO_MS = 160;

/** Begins to end it, and waits for the target's word: closed, and where that does not take long, removed. */
const endOne = async (call: Call, grantId: string): Promise<boolean> => {
  const { verbs, caller, waiting, signal, query } = call;
  const begun = performance.now();
  const reason = query.exit === undefined ? null : `Exit code ${query.exit}`;
  let lookMs = LOOK_FROM_MS;
  let { view } = await verbs.end({ caller, id: grantId, cause: 'done', reason });
  for (;;) {
    const { grant, request } = view;
    const isClosed = grant !== null && isOver(grant.state);
    if (isClosed && grant.state !== 'closed') return true;
    const ms = (isClosed ? REMOVED_MS : CONFIRM_MS) - (performance.now() - begun);
    if (ms <= 0 || signal.aborted) return isClosed;
    await (isClosed ? delay(lookMs) : waiting.change(request.id, request.version, { ms, signal }));
    if (isClosed) lookMs = Math.min(2 * lookMs, LOOK_TO_MS);
    view = await verbs.ownRequest({ caller, requestId: request.id });
  }
};

const endAll = async (call: Call, ids: string[]): Promise<Answer> => {
  const results = await Promise.all(ids.map(async (id) => ({ id, isEnded: await endOne(call, id) })));
  const ended = results.filter(({ isEnded }) => isEnded).map(({ id }) => id);
  const ending = results.filter(({ isEnded }) => !isEnded).map(({ id }) => id);
  return { status: ending.length > 0 ? 202 : 200, body: { ended, ending } };
};

export const ROUTES: readonly Route[] = [
  {
    method: 'post',
    path: '/requests',
    summary: 'Request access. The same run, attempt, job and role is the same request, until its access has ended.',
    body: requestBody,
    isKeyed: true,
    answers: { 201: requestAnswer, 200: requestAnswer },
    run: create,
  },
  {
    method: 'get',
    path: '/requests/:id',
    summary: 'Read a request of this job; with ?wait= answered at its next change.',
    query: waitQuery,
    answers: { 200: requestAnswer },
    run: read,
  },
  {
    method: 'post',
    path: '/requests/:id/credentials',
    summary: 'The credentials, while the access is active.',
    body: credentialsBody,
    isBodyOptional: true,
    answers: { 200: credentialsAnswer },
    run: credentials,
  },
  {
    method: 'post',
    path: '/requests/:id/cancel',
    summary: 'Take back a request that has not begun.',
    answers: { 200: requestAnswer },
    run: cancelRequest,
  },
  {
    method: 'post',
    path: '/grants/:id/heartbeat',
    summary: 'Say that the job is there. After the first one, a minute of silence ends the access.',
    answers: { 200: heartbeatAnswer },
    run: heartbeat,
  },
  {
    method: 'delete',
    path: '/grants/:id',
    summary: 'Give back access; answered when the target confirmed.',
    query: endQuery,
    answers: { 200: endAnswer, 202: endAnswer },
    run: (call) => endAll(call, [call.id]),
  },
  {
    method: 'delete',
    path: '/grants',
    summary: 'Give back all access of this job.',
    answers: { 200: endAnswer, 202: endAnswer },
    run: async (call) => endAll(call, await call.verbs.grantsOf(call.caller)),
  },
];
