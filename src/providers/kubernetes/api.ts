/** The few calls of the Kubernetes API that are needed, over one pool of connections. */
import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { AnswerTooLong } from '../../lib/bounded-text.ts';
import { isTooLong } from '../kit/answer-limit.ts';
import { openAgent, type HttpAgent } from '../kit/http-agent.ts';
import { textWithin } from '../kit/answer-text.ts';
import { codeOf } from '../kit/network-errors.ts';
import { ProviderError } from '../provider.ts';
import type { Settings } from './config.ts';
import { toProviderError, unreachable } from './errors.ts';

const LONGEST_ANSWER = 16 * 1_048_576;
const PAGE = 500;
/** Far more than a cluster has of what Latchkey lists. */
const PAGES_MAX = 5_000;
const OBJECTS_MAX = 100_000;
const AT_ONCE = 16;

export type Answer = { status: number; body: Json; date: Date };
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
type Call = { method: Method; path: string; body?: object; what: string; allowed?: readonly number[] };

export type Api = {
  settings: Settings;
  call(call: Call, signal: AbortSignal): Promise<Answer>;
  /** Null where there is none. */
  get<T>(path: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T | null>;
  list<T>(
    at: { path: string; query?: Record<string, string> },
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T[]>;
  close(): Promise<void>;
};

const read = async (body: AsyncIterable<Buffer>): Promise<Json> => {
  const text = await textWithin(
    body,
    LONGEST_ANSWER,
    new ProviderError('misconfigured', 'The API server gave an answer that is too long.', {
      cause: new AnswerTooLong('its answer is too long'),
    }),
  );
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
};

const parsed = <T>(schema: z.ZodType<T>, value: unknown, what: string): T => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ProviderError('misconfigured', `The API server gave an answer that is none of Kubernetes (${what}).`);
};

const pageSchema = z.looseObject({
  metadata: z.looseObject({ continue: z.string().nullish() }).nullish(),
  items: z.array(z.unknown()).nullish(),
});

/** Lists leave out what each item is. */
const caller =
  (settings: Settings, agent: HttpAgent): Api['call'] =>
  async ({ method, path, body, what, allowed = [] }, signal) => {
    const { host } = settings.url;
    const headers = {
      authorization: `Bearer ${settings.token()}`,
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const base = settings.url.href.replace(/\/+$/, '');
    try {
      const answer = await agent.request(`${base}${path}`, {
        method,
        headers,
        signal,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const value = await read(answer.body);
      const { statusCode: status } = answer;
      if (status >= 300 && !allowed.includes(status)) throw toProviderError({ host, what, status, body: value });
      const date = Date.parse(String(answer.headers['date'] ?? ''));
      return { status, body: value, date: new Date(Number.isNaN(date) ? Date.now() : date) };
    } catch (error) {
      if (error instanceof ProviderError || signal.aborted || codeOf(error) === '') throw error;
      throw unreachable(host, error);
    }
  };

/** A page that is too long is wanted again with fewer objects: those that borrowers make may be as large as the server takes. */
const pageFrom = async (
  call: Api['call'],
  at: { path: string; query: Record<string, string>; from: string; size: number },
  signal: AbortSignal,
): Promise<{ body: Json; size: number }> => {
  const { path, query, from, size } = at;
  const search = new URLSearchParams({ ...query, limit: String(size), ...(from && { continue: from }) });
  try {
    const { body } = await call({ method: 'GET', path: `${path}?${search.toString()}`, what: `list ${path}` }, signal);
    return { body, size };
  } catch (error) {
    if (!(error instanceof ProviderError) || !isTooLong(error.cause) || size === 1) throw error;
    return await pageFrom(call, { ...at, size: Math.ceil(size / 10) }, signal);
  }
};

const endless = (path: string): ProviderError =>
  new ProviderError('misconfigured', `The API server lists ${path} without an end.`);

const lister =
  (call: Api['call']): Api['list'] =>
  async ({ path, query = {} }, schema, signal) => {
    const found = [];
    const seen = new Set<string>();
    let size = PAGE;
    for (let from = ''; ;) {
      const page = await pageFrom(call, { path, query, from, size }, signal);
      ({ size } = page);
      const { items, metadata } = parsed(pageSchema, page.body, path);
      for (const item of items ?? []) found.push(parsed(schema, item, path));
      from = metadata?.continue ?? '';
      if (from === '') return found;
      if (seen.has(from) || seen.size >= PAGES_MAX || found.length > OBJECTS_MAX) throw endless(path);
      seen.add(from);
    }
  };

export const openApi = (settings: Settings): Api => {
  const agent = openAgent({ connections: AT_ONCE, ca: settings.ca });
  const call = caller(settings, agent);
  return {
    settings,
    call,
    get: async (path, schema, signal) => {
      const { status, body } = await call({ method: 'GET', path, what: `read ${path}`, allowed: [404] }, signal);
      return status === 404 ? null : parsed(schema, body, path);
    },
    list: lister(call),
    close: async () => await agent.destroy(),
  };
};

export const asObject = parsed;
