/** Calls to GitHub's REST API by the right of an App's installation, or of a token. docs.github.com/rest, version 2022-11-28. */
import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { API_CONNECTIONS, openAgent, type HttpAgent } from '../kit/http-agent.ts';
import { callJson, limitOf, refusedBy, type JsonAnswer, type JsonCall } from '../kit/json-http.ts';
import { createRateHold } from '../kit/rate-hold.ts';
import { ProviderError } from '../provider.ts';
import type { Config } from './config.ts';

const NAME = 'GitHub';
const JWT_LIFE_S = 540;
const CLOCK_LEEWAY_S = 60;
const TOKEN_EARLY_MS = 5 * 60_000;
const PAGE = 100;
const PAGES_MAX = 100;

export type Call = Pick<JsonCall, 'method' | 'body'> & { path: string };

export type Client = {
  /** Answers with these statuses; any other is a failure. `doing` ends the sentence "GitHub could not …". */
  ask(call: Call, expected: { statuses: readonly number[]; doing: string }, signal: AbortSignal): Promise<JsonAnswer>;
  /** Each page, to the last. */
  all(path: string, doing: string, signal: AbortSignal): Promise<unknown[]>;
  /** What the installation was given; null for a token. */
  permissions(signal: AbortSignal): Promise<Record<string, string> | null>;
  close(): Promise<void>;
};

const tokenAnswer = z.object({
  token: z.string(),
  expires_at: z.iso.datetime({ offset: true }),
  permissions: z.record(z.string(), z.string()).default({}),
});
type Token = z.infer<typeof tokenAnswer>;

const messageIn = ({ body }: JsonAnswer): string => {
  const { data } = z.object({ message: z.string() }).safeParse(body);
  return data ? ` (${data.message.slice(0, 200)})` : '';
};

const refused = (answer: JsonAnswer, doing: string): ProviderError =>
  refusedBy(answer, `${NAME} could not ${doing}: it answers ${answer.status}${messageIn(answer)}.`);

const jwtOf = async ({ id, key }: { id: string; key: string }): Promise<string> => {
  const now = Math.floor(Date.now() / 1000);
  return await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(id)
    .setIssuedAt(now - CLOCK_LEEWAY_S)
    .setExpirationTime(now + JWT_LIFE_S - CLOCK_LEEWAY_S)
    .sign(createPrivateKey(key));
};

type Send = (token: string, call: Call, signal: AbortSignal) => Promise<JsonAnswer>;

const sender = (config: Config, agent: HttpAgent): Send => {
  const base = (config.api_url ?? 'https://api.github.com').replace(/\/+$/, '');
  const hold = createRateHold(NAME);
  return async (token, { path, ...call }, signal) => {
    await hold.passed(signal);
    const headers = {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${token}`,
      'x-github-api-version': '2022-11-28',
    };
    const answer = await callJson({ ...call, url: `${base}${path}` }, { name: NAME, headers, agent }, signal);
    const limit = limitOf(answer);
    if (limit) throw hold.limited(limit.seconds);
    hold.clear();
    return answer;
  };
};

type Tokens = { get(signal: AbortSignal): Promise<Token | null>; drop(): void };

/** Kept until five minutes before its end; what failed is not kept. */
const createTokens = ({ app }: Config, send: Send): Tokens => {
  let kept: { token: Token; untilMs: number } | null = null;
  return {
    drop: () => {
      kept = null;
    },
    get: async (signal) => {
      if (!app) return null;
      if (kept && kept.untilMs > Date.now()) return kept.token;
      const path = `/app/installations/${app.installation}/access_tokens`;
      const answer = await send(await jwtOf(app), { method: 'POST', path, body: {} }, signal);
      if (answer.status !== 201)
        throw refused(answer, 'give a token for the installation; check id, key and installation of app');
      const token = tokenAnswer.parse(answer.body);
      kept = { token, untilMs: Date.parse(token.expires_at) - TOKEN_EARLY_MS };
      return token;
    },
  };
};

const asker = (config: Config, send: Send, tokens: Tokens): Client['ask'] => {
  const secret = async (signal: AbortSignal): Promise<string> =>
    (await tokens.get(signal))?.token ?? config.token ?? '';
  return async (call, { statuses, doing }, signal) => {
    let answer = await send(await secret(signal), call, signal);
    if (answer.status === 401 && config.app) {
      // Taken back before its time: the App was installed anew, or its rights were changed.
      tokens.drop();
      answer = await send(await secret(signal), call, signal);
    }
    if (statuses.includes(answer.status)) return answer;
    throw refused(answer, doing);
  };
};

const pages =
  (ask: Client['ask']): Client['all'] =>
  async (path, doing, signal) => {
    const found: unknown[] = [];
    for (let page = 1; page <= PAGES_MAX; page += 1) {
      const paged = `${path}${path.includes('?') ? '&' : '?'}per_page=${PAGE}&page=${page}`;
      const answer = await ask({ method: 'GET', path: paged }, { statuses: [200], doing }, signal);
      const items = z.array(z.unknown()).parse(answer.body);
      found.push(...items);
      if (items.length < PAGE) return found;
    }
    throw new ProviderError('misconfigured', `${NAME} could not ${doing}: there are more than ${PAGE * PAGES_MAX}.`);
  };

export const openClient = (config: Config): Client => {
  const agent = openAgent({ connections: API_CONNECTIONS, ca: config.ca });
  const send = sender(config, agent);
  const tokens = createTokens(config, send);
  const ask = asker(config, send, tokens);
  return {
    ask,
    all: pages(ask),
    permissions: async (signal) => (await tokens.get(signal))?.permissions ?? null,
    close: async () => await agent.destroy(),
  };
};
