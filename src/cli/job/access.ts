/** Requests access and waits for it, saying for whom. */
import { randomUUID } from 'node:crypto';
import type { EndAnswer, RequestAnswer } from './answers.ts';
import { EXITS, JobFailure, say } from './failure.ts';
import { PATIENCE_MS } from './server.ts';
import type { CallOptions, Server } from './server.ts';
import { Interrupted } from './signals.ts';

export type Wanted = {
  role: string;
  for?: string;
  reason: string;
  ticket?: string;
  window?: string;
  plan?: string;
};
export type Until = { deadline: number; signal?: AbortSignal };

const POLL_S = 50;
const SAY_AGAIN_MS = 300_000;
/** The message in Slack follows the request by a moment, and its link is worth a few short polls. */
const LOOKS = 3;
const LOOK_S = 2;

const leftOf = ({ deadline }: Until): number => Math.max(0, deadline - performance.now());
const patienceOf = (until: Until): number => Math.min(PATIENCE_MS, leftOf(until));

/** Tried again under one key: an answer that was lost makes no second request. */
export const requestAccess = (server: Server, wanted: Wanted, until: Until): Promise<RequestAnswer> =>
  server.call('POST', '/requests', {
    body: wanted,
    headers: { 'idempotency-key': randomUUID() },
    patienceMs: patienceOf(until),
    doing: 'Requesting the access',
    ...(until.signal && { signal: until.signal }),
  });

const waitsFor = ({ waiting_for: names }: RequestAnswer): string =>
  names.length > 0 ? names.join(' or ') : 'an approver';

/** For a window, and no job has taken it over. */
export const isAhead = ({ window }: RequestAnswer): boolean => window !== null && !window.taken;

const forWindow = ({ window }: RequestAnswer): string =>
  window === null || window.taken ? '' : ` in the window ${window.name} (${window.opens_at} to ${window.closes_at})`;

export const sentenceOf = (answer: RequestAnswer): string => {
  const { id, state, role, by, why } = answer;
  const link = answer.message_url ? ` ${answer.message_url}` : '';
  const because = why ? `: ${why}` : '';
  if (state === 'pending') return `Request ${id} for ${role}${forWindow(answer)} waits for ${waitsFor(answer)}.${link}`;
  if (state === 'approved' && isAhead(answer))
    return `${role} is approved${by ? ` by ${by}` : ''}${forWindow(answer)}: the first job that requests it then gets it, once.`;
  if (state === 'approved') return `${role} is approved${by ? ` by ${by}` : ''}; the access is being set up.`;
  if (state === 'active') return `${role} is active${by ? `, approved by ${by}` : ''}, until ${answer.expires_at}.`;
  if (state === 'denied') return `${role} was denied${by ? ` by ${by}` : ''}${because}.`;
  if (state === 'lapsed') return `The request for ${role} lapsed before it was decided${because}.`;
  if (state === 'cancelled') return `The request for ${role} was cancelled${because}.`;
  return `The access of this job to ${role} has ended${because}.`;
};

const isOpen = ({ state }: RequestAnswer): boolean => state === 'pending' || state === 'approved';

type Said = { line: string; at: number };

const sayChange = (answer: RequestAnswer, said: Said): Said => {
  const line = sentenceOf(answer);
  if (line === said.line && performance.now() - said.at < SAY_AGAIN_MS) return said;
  say(line);
  return { line, at: performance.now() };
};

/** Resolves with the request as it is when it is decided, or when the time is over. */
export const waitForAccess = async (server: Server, first: RequestAnswer, until: Until): Promise<RequestAnswer> => {
  let answer = first;
  let said: Said = { line: '', at: 0 };
  let looks = 0;
  while (isOpen(answer)) {
    said = sayChange(answer, said);
    const left = leftOf(until);
    if (left === 0) return answer;
    const isSoon = answer.message_url === null && answer.state === 'pending' && looks++ < LOOKS;
    const seconds = Math.min(isSoon ? LOOK_S : POLL_S, Math.ceil(left / 1000));
    answer = await server.call<RequestAnswer>(
      'GET',
      `/requests/${answer.id}?wait=${seconds}&version=${answer.version}`,
      {
        timeoutMs: (seconds + 10) * 1000,
        patienceMs: patienceOf(until),
        doing: 'Waiting for the decision',
        ...(until.signal && { signal: until.signal }),
      },
    );
  }
  return answer;
};

/** Active, or the failure that it is. */
export const demandActive = (answer: RequestAnswer): RequestAnswer => {
  if (answer.state === 'active') return answer;
  if (isOpen(answer))
    throw new JobFailure(
      EXITS.notDecided,
      `Not decided in time: the request for ${answer.role} waited for ${waitsFor(answer)}.`,
    );
  throw new JobFailure(answer.state === 'lapsed' ? EXITS.notDecided : EXITS.denied, sentenceOf(answer));
};

const END_MS = 30_000;

/** One try, for a job that the CI is about to kill. */
const BRIEF: CallOptions = { timeoutMs: 3_500, patienceMs: 1_500 };

/**
 * Until this signal comes, a server that restarts is waited out, as before any other call: what is said to it keeps an approver from
 * agreeing to what no job waits for, and the exit code from being lost. Null where it has come: then there is one quick try.
 */
type Hurry = AbortSignal | null;

const untilHurried = async <T>(hurry: Hurry, call: (options: CallOptions) => Promise<T>): Promise<T> => {
  if (hurry === null) return call(BRIEF);
  try {
    return await call({ timeoutMs: END_MS, patienceMs: PATIENCE_MS, signal: hurry });
  } catch (error) {
    if (error instanceof Interrupted) return call(BRIEF);
    throw error;
  }
};

/** No longer wanted: its buttons go, and access that was just set up ends. */
export const takeBack = async (server: Server, answer: RequestAnswer, hurry: Hurry = null): Promise<void> => {
  if (isAhead(answer)) return say(`The request${forWindow(answer)} stays; other jobs of this client may use it.`);
  const { id } = answer;
  const doing = 'Cancelling the request';
  try {
    await untilHurried(hurry, (options) => server.call('POST', `/requests/${id}/cancel`, { ...options, doing }));
    say('The request was cancelled.');
  } catch (error) {
    if (!(error instanceof JobFailure)) throw error;
    if (error.exit === EXITS.unreachable) return say(`The request could not be cancelled: ${error.message}`);
    const { grant } = await server.call<RequestAnswer>('GET', `/requests/${id}`, BRIEF);
    if (grant !== null) await giveBack(server, grant, { hurry });
  }
};

/** Failing is a warning: heartbeats that stop and the target's own deadline end the access too. */
export const giveBack = async (
  server: Server,
  grant: string,
  { hurry, exit }: { hurry: Hurry; exit?: number },
): Promise<void> => {
  const path = `/grants/${grant}${exit === undefined ? '' : `?exit=${exit}`}`;
  const doing = 'Giving the access back';
  try {
    const { ending } = await untilHurried(hurry, (options) =>
      server.call<EndAnswer>('DELETE', path, { ...options, doing }),
    );
    say(
      ending.length > 0
        ? 'The access is being ended; the target has not confirmed it yet.'
        : 'The access is given back.',
    );
  } catch (error) {
    if (!(error instanceof JobFailure)) throw error;
    if (error.code === 'not_active') return say('The access had ended already.');
    say(
      `The access could not be given back: ${error.message} It ends by itself within a minute, or a minute after Latchkey is back.`,
    );
  }
};
