/** Calls to the management API of an Okta organization, by a service app or an API token. developer.okta.com/docs/api */
import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { API_CONNECTIONS, openAgent, type HttpAgent } from '../kit/http-agent.ts';
import { callJson, limitOf, refusedBy, type JsonAnswer, type JsonCall } from '../kit/json-http.ts';
import { createRateHold } from '../kit/rate-hold.ts';
import { ProviderError } from '../provider.ts';
import type { Config } from './config.ts';

const NAME = 'Okta';
export const SCOPES = ['okta.groups.manage', 'okta.users.read'] as const;
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ASSERTION_LIFE_S = 300;
const TOKEN_EARLY_S = 60;
const PAGES_MAX = 100;

type Call = { method: 'GET' | 'PUT' | 'DELETE'; path: string };

export type Client = {
  /** Answers with these statuses; any other is a failure. `doing` ends the sentence "Okta could not …". */
  ask(call: Call, expected: { statuses: readonly number[]; doing: string }, signal: AbortSignal): Promise<JsonAnswer>;
  /** Each page, to the last. */
  all(path: string, doing: string, signal: AbortSignal): Promise<unknown[]>;
  /** Null where the first page is 404. */
  allIfThere(path: string, doing: string, signal: AbortSignal): Promise<unknown[] | null>;
  close(): Promise<void>;
};

const errorAnswer = z.object({ errorCode: z.string(), errorSummary: z.string().default('') });
const oauthError = z.object({ error: z.string(), error_description: z.string().default('') });
const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });

const saidIn = ({ body }: JsonAnswer): string => {
  const api = errorAnswer.safeParse(body);
  if (api.success) return ` (${api.data.errorCode}: ${api.data.errorSummary.slice(0, 200)})`;
  const oauth = oauthError.safeParse(body);
  return oauth.success ? ` (${oauth.data.error}: ${oauth.data.error_description.slice(0, 200)})` : '';
};

const refused = (answer: JsonAnswer, doing: string): ProviderError =>
  refusedBy(answer, `${NAME} could not ${doing}: it answers ${answer.status}${saidIn(answer)}.`);

type Send = (call: JsonCall, authorization: string | null, signal: AbortSignal) => Promise<JsonAnswer>;

const sender = (agent: HttpAgent): Send => {
  const hold = createRateHold(NAME);
  return async (call, authorization, signal) => {
    await hold.passed(signal);
    const headers = { accept: 'application/json', ...(authorization !== null && { authorization }) };
    const answer = await callJson(call, { name: NAME, headers, agent }, signal);
    const limit = limitOf(answer);
    if (limit) throw hold.limited(limit.seconds);
    hold.clear();
    return answer;
  };
};

/** RFC 7523. */
const assertionOf = async ({ client_id, key, key_id }: NonNullable<Config['oauth']>, audience: string) =>
  await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', ...(key_id !== undefined && { kid: key_id }) })
    .setIssuer(client_id)
    .setSubject(client_id)
    .setAudience(audience)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${ASSERTION_LIFE_S}s`)
    .sign(createPrivateKey(key));

type Authority = { get(signal: AbortSignal): Promise<string>; drop(): void };

/** Tokens are kept until shortly before their end; what failed is not kept. */
const authorityOf = ({ oauth, token }: Config, origin: string, send: Send): Authority => {
  let kept: { value: string; untilMs: number } | null = null;
  return {
    drop: () => {
      kept = null;
    },
    get: async (signal) => {
      if (!oauth) return `SSWS ${token ?? ''}`;
      if (kept && kept.untilMs > Date.now()) return kept.value;
      const url = `${origin}/oauth2/v1/token`;
      const form = {
        grant_type: 'client_credentials',
        scope: SCOPES.join(' '),
        client_assertion_type: ASSERTION,
        client_assertion: await assertionOf(oauth, url),
      };
      const answer = await send({ method: 'POST', url, form }, null, signal);
      if (answer.status !== 200)
        throw refused(
          answer,
          `give a token to the service app; check client_id and key, that ${SCOPES.join(' and ')} are granted, and that DPoP is off`,
        );
      const { access_token, expires_in } = tokenAnswer.parse(answer.body);
      kept = { value: `Bearer ${access_token}`, untilMs: Date.now() + (expires_in - TOKEN_EARLY_S) * 1_000 };
      return kept.value;
    },
  };
};

/** RFC 8288, of `Link: <…>; rel="next"`, which comes more than once. Only of the same organization: the token goes there. */
const nextPath = ({ headers }: JsonAnswer, origin: string): string | null => {
  const links = [headers['link'] ?? []].flat().join(', ');
  const next = /<([^<>]*)>\s*;\s*rel="?next"?/.exec(links)?.[1];
  if (next === undefined) return null;
  const url = URL.canParse(next, origin) ? new URL(next, origin) : null;
  if (url?.origin !== origin)
    throw new ProviderError('misconfigured', `${NAME} continues a list at another address than url: check url.`);
  return `${url.pathname}${url.search}`;
};

const pages =
  (ask: Client['ask'], origin: string): Client['allIfThere'] =>
  async (first, doing, signal) => {
    const found: unknown[] = [];
    let path: string | null = first;
    for (let page = 0; path !== null; page += 1) {
      if (page >= PAGES_MAX)
        throw new ProviderError('misconfigured', `${NAME} could not ${doing}: there are too many.`);
      const statuses = page === 0 ? [200, 404] : [200];
      const answer: JsonAnswer = await ask({ method: 'GET', path }, { statuses, doing }, signal);
      if (answer.status === 404) return null;
      found.push(...z.array(z.unknown()).parse(answer.body));
      path = nextPath(answer, origin);
    }
    return found;
  };

export const openClient = (config: Config): Client => {
  const agent = openAgent({ connections: API_CONNECTIONS, ca: config.ca });
  const { origin } = new URL(config.url);
  const send = sender(agent);
  const authority = authorityOf(config, origin, send);
  const ask: Client['ask'] = async ({ method, path }, { statuses, doing }, signal) => {
    const call = { method, url: `${origin}${path}` };
    let answer = await send(call, await authority.get(signal), signal);
    if (answer.status === 401 && config.oauth) {
      // Revoked before its time.
      authority.drop();
      answer = await send(call, await authority.get(signal), signal);
    }
    if (statuses.includes(answer.status)) return answer;
    throw refused(answer, doing);
  };
  const allIfThere = pages(ask, origin);
  return {
    ask,
    allIfThere,
    all: async (path, doing, signal) => {
      const found = await allIfThere(path, doing, signal);
      if (found) return found;
      throw new ProviderError('misconfigured', `${NAME} could not ${doing}: it answers 404.`);
    },
    close: async () => await agent.destroy(),
  };
};
