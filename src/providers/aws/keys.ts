/** Latchkey's own keys for AWS: as written, or fetched from where AWS gives them out, and kept until shortly before their end. */
import { z } from 'zod';
import { readTokenFile } from '../kit/token-file.ts';
import { ProviderError } from '../provider.ts';
import type { CredentialsConfig } from './config.ts';
import { textIn } from './xml.ts';
import type { Raw, Wire } from './wire.ts';

export type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken: string | null };
/** `endsAt`: null where it is not known. */
export type Fetched = { keys: Keys; endsAt: Date | null };

const SESSION_NAME = 'latchkey';
const EARLY_MS = 5 * 60_000;
const IMDS_TOKEN_S = '300';
const IMDS_ROLES = '/latest/meta-data/iam/security-credentials/';

const given = z.looseObject({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  Token: z.string(),
  Expiration: z.iso.datetime({ offset: true }),
});

const wrong = (sentence: string, cause?: unknown): ProviderError =>
  new ProviderError('misconfigured', `Latchkey has no keys for AWS: ${sentence}.`, { isUntouched: true, cause });

const tokenIn = (file: string): string =>
  readTokenFile({ file, what: `Latchkey has no keys for AWS: the file ${file}` });

const demand = ({ status, text }: Raw, what: string): string => {
  if (status === 200) return text;
  const sentence = `${what} answers ${status}`;
  if (status >= 500 || status === 429) throw new ProviderError('unavailable', `${sentence}.`, { isUntouched: true });
  throw wrong(sentence);
};

const parsed = (text: string, what: string): Fetched => {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const { data } = given.safeParse(value);
  if (!data) throw wrong(`${what} gives an answer that has none`);
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration } = data;
  return { keys: { accessKeyId, secretAccessKey, sessionToken }, endsAt: new Date(Expiration) };
};

/** Of STS, which answers alike for every way into a role. */
export const keysIn = (xml: string): Fetched => {
  const [accessKeyId, secretAccessKey, sessionToken, endsAt] = [
    'AccessKeyId',
    'SecretAccessKey',
    'SessionToken',
    'Expiration',
  ].map((element) => textIn(xml, element));
  if (!accessKeyId || !secretAccessKey || !sessionToken || !endsAt)
    throw new ProviderError('unavailable', 'STS gave an answer without keys.');
  return { keys: { accessKeyId, secretAccessKey, sessionToken }, endsAt: new Date(endsAt) };
};

type From<Kind> = { wire: Wire; config: Kind; stsUrl: string; signal: AbortSignal };
type Kind<Key extends string> = Extract<CredentialsConfig, Record<Key, unknown>>;

/** This call alone is not signed: the token is the proof. */
const byWebIdentity = async ({ wire, config, stsUrl, signal }: From<Kind<'web_identity_token_file'>>) => {
  const body = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: config.role_arn,
    RoleSessionName: SESSION_NAME,
    WebIdentityToken: tokenIn(config.web_identity_token_file),
  }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await wire.send({ method: 'POST', url: stsUrl, headers, body }, signal);
  const code = textIn(answer.text, 'Code');
  return keysIn(demand(answer, `STS, given the web identity token for ${config.role_arn}${code ? ` (${code})` : ''},`));
};

const byContainer = async ({ wire, config, signal }: From<Kind<'container'>>): Promise<Fetched> => {
  const headers: Record<string, string> = {};
  if (config.token_file !== undefined) headers['authorization'] = tokenIn(config.token_file);
  const what = `the container's address of credentials, ${config.container},`;
  return parsed(demand(await wire.send({ method: 'GET', url: config.container, headers }, signal), what), what);
};

/** Version 2 only: version 1 can be asked by anything that this machine can be made to fetch. */
const byInstance = async ({ wire, config, signal }: From<Kind<'instance'>>): Promise<Fetched> => {
  const base = config.instance.replace(/\/+$/, '');
  const what = `the instance's metadata at ${base}`;
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': IMDS_TOKEN_S };
  const token = demand(await wire.send({ method: 'PUT', url: `${base}/latest/api/token`, headers: ttl }, signal), what);
  const headers = { 'x-aws-ec2-metadata-token': token };
  const get = async (path: string): Promise<string> =>
    demand(await wire.send({ method: 'GET', url: `${base}${path}`, headers }, signal), what);
  const [role = ''] = (await get(IMDS_ROLES)).trim().split('\n');
  return parsed(await get(`${IMDS_ROLES}${encodeURIComponent(role)}`), what);
};

type Place = { wire: Wire; stsUrl: string };

export const fetchKeys = async (
  { wire, stsUrl }: Place,
  config: CredentialsConfig,
  signal: AbortSignal,
): Promise<Fetched> => {
  if ('web_identity_token_file' in config) return await byWebIdentity({ wire, config, stsUrl, signal });
  if ('container' in config) return await byContainer({ wire, config, stsUrl, signal });
  if ('instance' in config) return await byInstance({ wire, config, stsUrl, signal });
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken = null } = config;
  return { keys: { accessKeyId, secretAccessKey, sessionToken }, endsAt: null };
};

export type KeyRing = { get(signal: AbortSignal): Promise<Keys>; drop(): void };

/** What failed is not kept. Several who need keys at once may each fetch some, which does no harm. */
export const keyRing = (fetch: (signal: AbortSignal) => Promise<Fetched>): KeyRing => {
  let kept: Fetched | null = null;
  return {
    drop: () => {
      kept = null;
    },
    get: async (signal) => {
      const isFresh = kept !== null && (kept.endsAt === null || kept.endsAt.getTime() - EARLY_MS > Date.now());
      if (!isFresh) kept = await fetch(signal);
      if (kept === null) throw wrong('they went away while they were fetched');
      return kept.keys;
    },
  };
};
