/** Calls to the Cloud Identity Groups API by a service account. cloud.google.com/identity/docs/reference/rest, v1 */
import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { openBearerApi, type BearerApi } from '../kit/bearer-api.ts';
import { refusedBy, type JsonAnswer } from '../kit/json-http.ts';
import { ProviderError } from '../provider.ts';
import type { Config } from './config.ts';

const NAME = 'Google';
const SCOPE = 'https://www.googleapis.com/auth/cloud-identity.groups';
const ASSERTION_LIFE_S = 300;
const PAGES_MAX = 100;

export type Client = Pick<BearerApi, 'ask' | 'close'> & {
  /** What stands under `key` on each page, to the last. */
  all(path: string, at: { key: string; doing: string }, signal: AbortSignal): Promise<unknown[]>;
};

const apiError = z.object({
  error: z.object({
    status: z.string().default(''),
    message: z.string().default(''),
    errors: z.array(z.object({ reason: z.string() })).default([]),
    details: z.array(z.object({ reason: z.string().optional() })).default([]),
  }),
});
const loginError = z.object({ error: z.string(), error_description: z.string().default('') });
const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });

const LIMITS = new Set(['userRateLimitExceeded', 'rateLimitExceeded', 'quotaExceeded', 'RATE_LIMIT_EXCEEDED']);

/** It says 403 of a limit, too, and why in the body. */
const isLimit = ({ status, body }: JsonAnswer): boolean => {
  const { data } = apiError.safeParse(body);
  if (status !== 403 || !data) return false;
  return [...data.error.errors, ...data.error.details].some(({ reason = '' }) => LIMITS.has(reason));
};

export const saidIn = ({ body }: Pick<JsonAnswer, 'body'>): string => {
  const api = apiError.safeParse(body);
  if (api.success) return ` (${api.data.error.status.slice(0, 60)}: ${api.data.error.message.slice(0, 200)})`;
  const login = loginError.safeParse(body);
  return login.success ? ` (${login.data.error.slice(0, 60)}: ${login.data.error_description.slice(0, 200)})` : '';
};

const refused = (answer: JsonAnswer, doing: string): ProviderError =>
  refusedBy(answer, `${NAME} could not ${doing}: it answers ${answer.status}${saidIn(answer)}.`);

/** RFC 7523. */
const assertionOf = async (
  { service_account: { email, key, key_id: kid }, subject }: Config,
  audience: string,
): Promise<string> =>
  await new SignJWT({ scope: SCOPE, ...(subject !== undefined && { sub: subject }) })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(kid !== undefined && { kid }) })
    .setIssuer(email)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(`${ASSERTION_LIFE_S}s`)
    .sign(createPrivateKey(key));

const pages =
  (ask: Client['ask']): Client['all'] =>
  async (path, { key, doing }, signal) => {
    const page = z.object({ [key]: z.array(z.unknown()).default([]), nextPageToken: z.string().optional() });
    const found: unknown[] = [];
    let token = '';
    for (let count = 0; count < PAGES_MAX; count += 1) {
      const next = token === '' ? '' : `&pageToken=${encodeURIComponent(token)}`;
      const answer = await ask({ method: 'GET', path: `${path}${next}` }, { statuses: [200], doing }, signal);
      const read: Record<string, unknown> = page.parse(answer.body ?? {});
      found.push(...z.array(z.unknown()).parse(read[key]));
      token = z.string().catch('').parse(read['nextPageToken']);
      if (token === '') return found;
    }
    throw new ProviderError('misconfigured', `${NAME} could not ${doing}: there are too many.`);
  };

export const openClient = (config: Config): Client => {
  const { origin } = new URL(config.api_url ?? 'https://cloudidentity.googleapis.com');
  const api = openBearerApi({
    name: NAME,
    base: `${origin}/v1`,
    ca: config.ca,
    refused,
    isLimit,
    fetchToken: async (send, signal) => {
      const url = `${new URL(config.token_url ?? 'https://oauth2.googleapis.com').origin}/token`;
      const form = {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: await assertionOf(config, url),
      };
      const answer = await send({ method: 'POST', url, form }, {}, signal);
      if (answer.status === 200) {
        const { access_token: value, expires_in: lifeS } = tokenAnswer.parse(answer.body);
        return { value, lifeS };
      }
      const failure = refused(answer, 'give a token to the service account; check email, key and subject');
      // It says 400 of a wrong key, too.
      throw answer.status === 400 ? new ProviderError('denied', failure.message, { isUntouched: true }) : failure;
    },
  });
  return { ask: api.ask, close: api.close, all: pages(api.ask) };
};
