/**
 * Calls to Slack over HTTP, with kept connections and one time limit for the whole call. In place of the global `fetch`, whose streams and
 * signals cost more than all else that a short JSON call does.
 */
import { EventEmitter } from 'node:events';
import type { FetchFunction } from '@slack/web-api';
import { Agent, request } from 'undici';
import { boundedText } from '../../lib/bounded-text.ts';

/** Slack: a WebClient makes up to a hundred calls at once; more connections than this would only wait for Slack's rate limits. */
const CONNECTIONS_MAX = 50;

/** A page of a thousand people or channels is some megabytes. */
const ANSWER_MAX = 64 * 1024 * 1024;

const agent = new Agent({ connections: CONNECTIONS_MAX, pipelining: 1 });

export type Call = { url: string; headers: Record<string, string>; body: string; timeoutMs: number };
export type Answered = { status: number; headers: Record<string, string | string[] | undefined>; text: string };

/** Posts, and reads the whole answer. Follows no redirect. Rejects when it takes longer than `timeoutMs`. */
export const post = async ({ url, headers, body, timeoutMs }: Call): Promise<Answered> => {
  // undici takes an emitter in place of a signal.
  const signal = new EventEmitter();
  const timer = setTimeout(() => signal.emit('abort'), timeoutMs);
  try {
    const answer = await request(url, { method: 'POST', headers, body, signal, dispatcher: agent });
    return { status: answer.statusCode, headers: answer.headers, text: await boundedText(answer.body, ANSWER_MAX) };
  } finally {
    clearTimeout(timer);
  }
};

const firstOf = (value: string | string[] | undefined): string | null =>
  (Array.isArray(value) ? value.join(', ') : value) ?? null;

export type SlackCall = { method: string; outcome: 'ok' | 'refused' | 'rate_limited' | 'failed' | 'unreachable' };
export type OnSlackCall = (call: SlackCall) => void;

const TOO_MANY_REQUESTS = 429;

/** The Web API answers 200 with `ok: false` where it refuses. */
const outcomeOf = ({ status, text }: Answered): SlackCall['outcome'] => {
  if (status === TOO_MANY_REQUESTS) return 'rate_limited';
  if (status < 200 || status >= 300) return 'failed';
  return /"ok"\s*:\s*false/.test(text.slice(0, 1_000)) ? 'refused' : 'ok';
};

const methodIn = (url: string): string => new URL(url).pathname.split('/').at(-1) ?? '';

const pluralize = async (call: Call, onCall: OnSlackCall | undefined): Promise<Answered> => {
  const method = methodIn(call.url);
  try {
    const answered = await post(call);
    onCall?.({ method, outcome: outcomeOf(answered) });
    return answered;
  } catch (error) {
    onCall?.({ method, outcome: 'unreachable' });
    throw error;
  }
};

const asResponse = (
  url: Parameters<FetchFunction>[0],
  { status, headers, text }: Answered,
): Awaited<ReturnType<FetchFunction>> => ({
  ok: status >= 200 && status < 300,
  status,
  statusText: '',
  url: String(url),
  headers: {
    get: (name) => firstOf(headers[name.toLowerCase()]),
    entries: () => Object.entries(headers).map(([name, value]): [string, string] => [name, firstOf(value) ?? '']),
  },
  arrayBuffer: () => Promise.resolve(new TextEncoder().encode(text).buffer),
  json: () => Promise.resolve(JSON.parse(text) as unknown),
  text: () => Promise.resolve(text),
});

/** What a WebClient calls; files go by the global `fetch`, which knows forms. */
export const fetchWithin =
  (timeoutMs: number, onCall?: OnSlackCall): FetchFunction =>
  async (url, init = {}) => {
    const { body = '', headers = {} } = init;
    if (typeof body !== 'string') {
      const response = await fetch(url, { ...init, body, signal: AbortSignal.timeout(timeoutMs) });
      const text = await boundedText(response.body, ANSWER_MAX);
      return asResponse(url, { status: response.status, headers: Object.fromEntries(response.headers), text });
    }
    return asResponse(url, await pluralize({ url: String(url), headers, body, timeoutMs }, onCall));
  };
