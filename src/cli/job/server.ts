/** Calls to the server, under a session of this job. A restart is survived, and a session that is over is replaced. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readVariable } from '../../config/variable.ts';
import type { Variables } from '../../config/variable.ts';
import type { ProblemAnswer } from './answers.ts';
import { EXITS, JobFailure, say, usedWrongly } from './failure.ts';
import type { JobExit } from './failure.ts';
import { exchange } from './http.ts';
import { TokenUnavailable, faultOf, tokenSource } from './token.ts';

export const PATIENCE_MS = 60_000;
const CALL_MS = 15_000;
const ANSWER_MAX = 5_000_000;
const RETRY_FROM_MS = 500;
const RETRY_TO_MS = 5_000;

export type CallOptions = {
  body?: object;
  headers?: Record<string, string>;
  /** How long one answer may take. */
  timeoutMs?: number;
  /** How long failures are tried again. */
  patienceMs?: number;
  /** Ends the tries with its reason. */
  signal?: AbortSignal;
  /** What is tried again, for the log of the job: `Giving the access back`. Without it nothing is said. */
  doing?: string;
};

export type Server = {
  call<T>(method: string, path: string, options?: CallOptions): Promise<T>;
  /** The server's time: what it says about expiries is compared with its own clock. */
  now(): number;
};

/** `retryMs`: when the server wants to be called again, where it said so. */
type Sent = { status: number; body: unknown; isLatchkey: boolean; retryMs: number | null };
type Outcome =
  | { kind: 'answer'; sent: Sent }
  | { kind: 'unreached'; why: string; retryMs?: number | null }
  | { kind: 'refused'; why: string };
type State = { url: string; token: (audience: string) => Promise<string>; session: string | null; offsetMs: number };

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

const addressOf = (env: Variables): string => {
  const found = readVariable(env, 'LATCHKEY_URL');
  if ('problem' in found) throw usedWrongly(found.problem);
  const text = found.value?.trim();
  if (!text) throw usedWrongly("LATCHKEY_URL is not set; set it to the server's address.");
  const url = URL.canParse(text) ? new URL(text) : null;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!url || !isSafe)
    throw usedWrongly('LATCHKEY_URL must begin with https://; plain http is for this machine alone.');
  if (url.search || url.hash || url.username)
    throw usedWrongly('LATCHKEY_URL must have no user, query or fragment; write the address alone.');
  return text;
};

/** A 500 or a page of a load balancer passes; whatever else has an answer of its own. */
const isPassing = ({ status, body, isLatchkey }: Sent): boolean => {
  if (status >= 500 || status === 408) return true;
  const { code } = (body ?? {}) as ProblemAnswer;
  return status === 429 && (!isLatchkey || code === 'too_many_calls' || code === 'too_many_logins');
};

const RETRY_MAX_MS = 120_000;

/** In seconds; a date, which proxies may write, is left to the usual pauses. */
const retryAfter = (header: string | null): number | null =>
  header !== null && /^\d{1,6}$/.test(header) ? Math.min(Number(header) * 1000, RETRY_MAX_MS) : null;

const send = async (
  state: State,
  method: string,
  { path, ...options }: CallOptions & { path: string },
): Promise<Sent> => {
  const limit = AbortSignal.timeout(options.timeoutMs ?? CALL_MS);
  const { status, headers, text } = await exchange(`${state.url.replace(/\/+$/, '')}/api/v1${path}`, {
    method,
    signal: options.signal ? AbortSignal.any([limit, options.signal]) : limit,
    headers: {
      accept: 'application/json',
      ...(options.body && { 'content-type': 'application/json' }),
      ...options.headers,
      ...(state.session !== null && { authorization: `Bearer ${state.session}` }),
    },
    ...(options.body && { body: JSON.stringify(options.body) }),
    maxBytes: ANSWER_MAX,
  });
  const date = Date.parse(headers.date ?? '');
  if (Number.isFinite(date)) state.offsetMs = Math.abs(date - Date.now()) > 2_000 ? date - Date.now() : 0;
  const isLatchkey = /json/.test(headers['content-type'] ?? '');
  const retryMs = retryAfter(headers['retry-after'] ?? null);
  return { status, body: isLatchkey ? (JSON.parse(text) as unknown) : null, isLatchkey, retryMs };
};

const outcomeOf = (sent: Sent): Outcome => {
  if (sent.status === 401) return { kind: 'refused', why: 'The server does not accept the token of this job' };
  if (!isPassing(sent)) return { kind: 'answer', sent };
  const { detail } = (sent.body ?? {}) as ProblemAnswer;
  const why = detail ?? `it answered ${sent.status}`;
  return { kind: 'unreached', why, retryMs: sent.status === 429 ? sent.retryMs : null };
};

const openSession = async (state: State, signal: AbortSignal | undefined): Promise<Outcome | null> => {
  if (state.session !== null) return null;
  const token = await state.token(state.url);
  const outcome = outcomeOf(
    await send(state, 'POST', { path: '/sessions', body: { token }, ...(signal && { signal }) }),
  );
  if (outcome.kind !== 'answer') return outcome;
  const { session } = (outcome.sent.body ?? {}) as { session?: unknown };
  if (typeof session !== 'string')
    return outcome.sent.status < 300 ? { kind: 'answer', sent: { ...outcome.sent, isLatchkey: false } } : outcome;
  state.session = session;
  return null;
};

const tryOnce = async (state: State, method: string, options: CallOptions & { path: string }): Promise<Outcome> => {
  try {
    const failed = await openSession(state, options.signal);
    const outcome = failed ?? outcomeOf(await send(state, method, options));
    if (outcome.kind === 'refused') state.session = null;
    return outcome;
  } catch (error) {
    if (error instanceof JobFailure) throw error;
    options.signal?.throwIfAborted();
    return { kind: 'unreached', why: error instanceof TokenUnavailable ? error.message : faultOf(error) };
  }
};

const STATUS_EXITS: Record<number, JobExit> = { 400: 64, 413: 64, 422: 64 };

/** The failure that an answer is, in the server's words. */
const failureOf = ({ status, body, isLatchkey }: Sent): JobFailure => {
  if (!isLatchkey)
    return new JobFailure(
      EXITS.unreachable,
      `LATCHKEY_URL does not lead to Latchkey: it answered ${status} without JSON. Check the address.`,
    );
  const { code = null, detail, rule, problems = [] } = (body ?? {}) as ProblemAnswer;
  const by = rule ? ` (rule: ${rule})` : '';
  const fields = problems.map((one) => `${one.field}: ${one.code.replaceAll('_', ' ')}`).join('; ');
  const text = `${detail ?? `The server answered ${status}.`}${by}${fields ? ` ${fields}.` : ''}`;
  const exit = code === 'not_active' ? EXITS.notDecided : (STATUS_EXITS[status] ?? EXITS.denied);
  return new JobFailure(exit, status === 403 ? `Denied: ${text}` : text, code);
};

const EXPLAIN = 'with this token, "latchkey client explain" says on the server which claim does not fit';

const SAY_FROM_MS = 1_000;
const SAY_AGAIN_MS = 15_000;

/** A log that stands still says why, now and then. */
const createSayTrying = (doing: string | undefined) => {
  let nextMs = SAY_FROM_MS;
  return (outcome: Outcome, { sinceMs, leftMs }: { sinceMs: number; leftMs: number }): void => {
    if (doing === undefined || outcome.kind !== 'unreached' || sinceMs < nextMs) return;
    nextMs = sinceMs + SAY_AGAIN_MS;
    say(`${doing}: Latchkey cannot be reached (${outcome.why}). Trying again for ${Math.ceil(leftMs / 1000)} s.`);
  };
};

type Left = { patienceMs: number; sinceMs: number; limitedMs: number };

/** A limit that passes by itself is waited out beside the patience, unless the wait as a whole ends before. */
const leftOf = ({ patienceMs, sinceMs, limitedMs }: Left): number =>
  patienceMs - sinceMs + (patienceMs >= PATIENCE_MS ? limitedMs : 0);

const callUntil = async <T>(state: State, method: string, options: CallOptions & { path: string }): Promise<T> => {
  const begun = performance.now();
  const sayTrying = createSayTrying(options.doing);
  let limitedMs = 0;
  for (let tries = 0; ; tries += 1) {
    options.signal?.throwIfAborted();
    const outcome = await tryOnce(state, method, options);
    if (outcome.kind === 'answer') {
      if (outcome.sent.status >= 200 && outcome.sent.status < 300 && outcome.sent.isLatchkey)
        return outcome.sent.body as T;
      throw failureOf(outcome.sent);
    }
    const retryMs = outcome.kind === 'unreached' ? (outcome.retryMs ?? null) : null;
    if (retryMs !== null && limitedMs < RETRY_MAX_MS) limitedMs += retryMs;
    const sinceMs = performance.now() - begun;
    const left = leftOf({ patienceMs: options.patienceMs ?? PATIENCE_MS, sinceMs, limitedMs });
    if (left <= 0 && outcome.kind === 'refused') throw new JobFailure(EXITS.denied, `${outcome.why}; ${EXPLAIN}.`);
    if (left <= 0) throw new JobFailure(EXITS.unreachable, `Latchkey cannot be reached: ${outcome.why}.`);
    sayTrying(outcome, { sinceMs, leftMs: left });
    const usual = Math.min(RETRY_TO_MS, RETRY_FROM_MS * 2 ** Math.min(tries, 10)) * (0.75 + Math.random() / 2);
    const pause = retryMs ?? usual;
    const wait = sleep(Math.min(pause, left), undefined, options.signal && { signal: options.signal });
    await wait.catch(() => undefined);
  }
};

export const connect = (env: Variables): Server => {
  const state: State = { url: addressOf(env), token: tokenSource(env), session: null, offsetMs: 0 };
  return {
    call: (method, path, options = {}) => callUntil(state, method, { ...options, path }),
    now: () => Date.now() + state.offsetMs,
  };
};
