/** Access tokens of Latchkey's own identity: by the key of a service account, by federation, or of the machine it runs on. */
import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import type { HttpAgent } from '../kit/http-agent.ts';
import { callJson, limited, refusedBy, type JsonAnswer, type JsonCall } from '../kit/json-http.ts';
import { readTokenFile } from '../kit/token-file.ts';
import { keepToken, type Issued, type KeptToken } from '../kit/kept-token.ts';
import { federationOf, keyFileOf, type Config, type Federation, type KeyFile } from './config.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const METADATA = 'http://metadata.google.internal';
const LIFE_S = 3_000;
/** Of a clock that is ahead of Google's. */
const LEEWAY_S = 60;

const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });
const impersonatedAnswer = z.object({ accessToken: z.string(), expireTime: z.string() });
const oauthError = z.object({ error: z.string(), error_description: z.string().default('') });

const saidIn = ({ status, body }: JsonAnswer): string => {
  const { data } = oauthError.safeParse(body);
  return data ? `${status} (${data.error}: ${data.error_description.slice(0, 200)})` : `${status}`;
};

type Sent = { call: JsonCall; headers?: Record<string, string>; remedy: string };

const ask = async (
  agent: HttpAgent,
  { call, headers = {}, remedy }: Sent,
  signal: AbortSignal,
): Promise<JsonAnswer> => {
  const answer = await callJson(
    call,
    { name: 'Google', headers: { accept: 'application/json', ...headers }, agent },
    signal,
  );
  const limit = limited(answer, 'Google');
  if (limit) throw limit;
  if (answer.status !== 200)
    throw refusedBy(answer, `Google gives Latchkey no token: it answers ${saidIn(answer)}. ${remedy}`);
  return answer;
};

const issuedIn = ({ body }: JsonAnswer): Issued => {
  const { access_token: value, expires_in: lifeS } = tokenAnswer.parse(body);
  return { value, lifeS };
};

/** RFC 7523. developers.google.com/identity/protocols/oauth2/service-account */
const byKey = async (agent: HttpAgent, file: KeyFile, signal: AbortSignal): Promise<Issued> => {
  const now = Math.floor(Date.now() / 1_000);
  const assertion = await new SignJWT({ scope: SCOPE })
    .setProtectedHeader({
      alg: 'RS256',
      typ: 'JWT',
      ...(file.private_key_id !== undefined && { kid: file.private_key_id }),
    })
    .setIssuer(file.client_email)
    .setAudience(file.token_uri)
    .setIssuedAt(now - LEEWAY_S)
    .setExpirationTime(now + LIFE_S)
    .sign(createPrivateKey(file.private_key));
  const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
  const remedy = 'Check the key of the service account, and the clock of this machine.';
  return issuedIn(await ask(agent, { call: { method: 'POST', url: file.token_uri, form }, remedy }, signal));
};

const subjectToken = ({ credential_source: { file, format } }: Federation): string =>
  readTokenFile({
    file,
    what: `The file ${file} of the federation`,
    field: format?.type === 'json' ? (format.subject_token_field_name ?? 'access_token') : undefined,
  });

/** RFC 8693. cloud.google.com/iam/docs/workload-identity-federation-with-other-providers */
const byFederation = async (agent: HttpAgent, file: Federation, signal: AbortSignal): Promise<Issued> => {
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: file.audience,
    scope: SCOPE,
    subject_token_type: file.subject_token_type,
    subject_token: subjectToken(file),
  };
  const remedy = 'Check the audience of the federation, and its pool and provider.';
  const federated = issuedIn(await ask(agent, { call: { method: 'POST', url: file.token_url, form }, remedy }, signal));
  const url = file.service_account_impersonation_url;
  if (url === undefined) return federated;
  const sentAt = Date.now();
  const answer = await ask(
    agent,
    {
      call: { method: 'POST', url, body: { scope: [SCOPE], lifetime: '3600s' } },
      headers: { authorization: `Bearer ${federated.value}` },
      remedy: 'Give the federated identity the role roles/iam.workloadIdentityUser on the service account.',
    },
    signal,
  );
  const { accessToken, expireTime } = impersonatedAnswer.parse(answer.body);
  return { value: accessToken, lifeS: (Date.parse(expireTime) - sentAt) / 1_000 };
};

/** cloud.google.com/compute/docs/access/authenticate-workloads#applications */
const byMetadata = async (agent: HttpAgent, origin: string, signal: AbortSignal): Promise<Issued> => {
  const url = `${origin}/computeMetadata/v1/instance/service-accounts/default/token`;
  const remedy = 'Give the machine or pod a service account, or write key instead of metadata.';
  const headers = { 'metadata-flavor': 'Google' };
  return issuedIn(await ask(agent, { call: { method: 'GET', url }, headers, remedy }, signal));
};

const originOf = (url: string): string => url.replace(/\/+$/, '');

export const openTokens = (config: Config, agent: HttpAgent): KeptToken => {
  const { key, federation, endpoints } = config;
  if (key !== undefined) {
    const file = keyFileOf(key);
    return keepToken(async (signal) => await byKey(agent, file, signal));
  }
  if (federation !== undefined) {
    const file = federationOf(federation);
    return keepToken(async (signal) => await byFederation(agent, file, signal));
  }
  return keepToken(async (signal) => await byMetadata(agent, originOf(endpoints?.metadata ?? METADATA), signal));
};

/** As Google names it in a policy, where the config says it. */
export const ownMemberOf = ({ key, federation }: Config): string | null => {
  if (key !== undefined) return `serviceAccount:${keyFileOf(key).client_email}`;
  if (federation === undefined) return null;
  const { service_account_impersonation_url: url = '' } = federationOf(federation);
  const email = /\/serviceAccounts\/([^/:]+):generateAccessToken$/.exec(url)?.[1];
  return email === undefined ? null : `serviceAccount:${email}`;
};
