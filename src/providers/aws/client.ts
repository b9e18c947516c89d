/** Signed calls to the few services of AWS that are needed: IAM and STS speak forms and XML. */
import { AwsV4Signer } from 'aws4fetch';
import { z } from 'zod';
import type { Config } from './config.ts';
import { CLOCK, EXPIRED, refused } from './errors.ts';
import { fetchKeys, keyRing, keysIn, type Fetched, type KeyRing, type Keys } from './keys.ts';
import { openWire, type Raw, type Wire } from './wire.ts';
import { textIn } from './xml.ts';

const VERSIONS = { iam: '2010-05-08', sts: '2011-06-15' } as const;
type QueryService = keyof typeof VERSIONS;
const OWN_SESSION = 'latchkey';
/** AWS refuses what is signed more than five minutes before or after its own clock. */
const SKEW_MS = 60_000;

/** `code`: of the refusal, or null. `at`: by AWS's clock. */
export type Answer = { code: string | null; text: string; at: Date };

export type Query = {
  service: QueryService;
  action: string;
  params?: Record<string, string>;
  /** Ends the sentence "AWS could not …". */
  doing: string;
  /** Codes that are an answer, too. */
  allowed?: readonly string[];
};

const JSON_TARGETS = {
  sso: 'SWBExternalService',
  identitystore: 'AWSIdentityStore',
  organizations: 'AWSOrganizationsV20161128',
} as const;
type JsonService = keyof typeof JSON_TARGETS;

export type JsonQuery = Omit<Query, 'service' | 'params'> & { service: JsonService; body: object };
export type JsonAnswer = { code: string | null; body: unknown; at: Date };

export type Client = {
  config: Config;
  query(query: Query, signal: AbortSignal): Promise<Answer>;
  /** The newer services speak JSON. */
  json(query: JsonQuery, signal: AbortSignal): Promise<JsonAnswer>;
  /** AWS's clock against ours, as the last answer showed it. */
  skewMs(): number;
  close(): Promise<void>;
};

type Address = { url: string; signedFor: { service: string; region: string } };

const PARTITIONS = {
  cn: {
    suffix: 'amazonaws.com.cn',
    iam: 'iam.cn-north-1.amazonaws.com.cn',
    iamRegion: 'cn-north-1',
    organizationsRegion: 'cn-northwest-1',
  },
  gov: {
    suffix: 'amazonaws.com',
    iam: 'iam.us-gov.amazonaws.com',
    iamRegion: 'us-gov-west-1',
    organizationsRegion: 'us-gov-west-1',
  },
  aws: {
    suffix: 'amazonaws.com',
    iam: 'iam.amazonaws.com',
    iamRegion: 'us-east-1',
    organizationsRegion: 'us-east-1',
  },
} as const;

const partitionOf = (region: string): (typeof PARTITIONS)[keyof typeof PARTITIONS] => {
  if (region.startsWith('cn-')) return PARTITIONS.cn;
  return region.startsWith('us-gov-') ? PARTITIONS.gov : PARTITIONS.aws;
};

/** IAM and Organizations have one address for all regions. */
const addressOf = ({ region, endpoint }: Config, service: QueryService | JsonService): Address => {
  const { suffix, iam, iamRegion, organizationsRegion } = partitionOf(region);
  const signed = { iam: iamRegion, organizations: organizationsRegion }[service as string] ?? region;
  const host = service === 'iam' ? iam : `${service}.${signed}.${suffix}`;
  return {
    url: endpoint === undefined ? `https://${host}/` : `${endpoint.replace(/\/+$/, '')}/`,
    signedFor: { service, region: signed },
  };
};

type Payload = { headers: Record<string, string>; body: string };
type Clock = { offsetMs: number };

const send = async (
  { wire, clock }: { wire: Wire; clock: Clock },
  { address, payload, keys }: { address: Address; payload: Payload; keys: Keys },
  signal: AbortSignal,
): Promise<Raw> => {
  const { sessionToken, ...pair } = keys;
  const now = new Date(Date.now() + clock.offsetMs);
  const signer = new AwsV4Signer({
    method: 'POST',
    url: address.url,
    ...payload,
    ...pair,
    ...(sessionToken !== null && { sessionToken }),
    ...address.signedFor,
    datetime: now.toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
  });
  const { headers } = await signer.sign();
  return await wire.send(
    { method: 'POST', url: address.url, headers: Object.fromEntries(headers.entries()), body: payload.body },
    signal,
  );
};

type Ask = (address: Address, payload: Payload, signal: AbortSignal) => Promise<Raw>;
type CodeOf = (raw: Raw) => string | null;

/** Keys that ended early and a clock that is wrong are each fixed once. */
const asking =
  (place: { wire: Wire; clock: Clock }, ring: KeyRing, codeOf: CodeOf): Ask =>
  async (address, payload, signal) => {
    const once = async (): Promise<Raw> =>
      await send(place, { address, payload, keys: await ring.get(signal) }, signal);
    const raw = await once();
    const off = raw.at.getTime() - Date.now();
    const code = codeOf(raw) ?? '';
    if (EXPIRED.includes(code)) ring.drop();
    else if (CLOCK.includes(code) && Math.abs(off - place.clock.offsetMs) > SKEW_MS) place.clock.offsetMs = off;
    else return raw;
    return await once();
  };

const formOf = ({ service, action, params = {} }: Omit<Query, 'doing'>): Payload => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  body: new URLSearchParams({ Action: action, Version: VERSIONS[service], ...params }).toString(),
});

const codeInXml: CodeOf = ({ status, text }) => (status === 200 ? null : (textIn(text, 'Code') ?? `status ${status}`));

const answerOf = (raw: Raw, { doing, allowed = [] }: Pick<Query, 'doing' | 'allowed'>): Answer => {
  const code = codeInXml(raw);
  if (code === null || allowed.includes(code)) return { code, text: raw.text, at: raw.at };
  throw refused({ status: raw.status, code, message: textIn(raw.text, 'Message') ?? '' }, doing);
};

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const refusalAnswer = z.looseObject({
  __type: z.string(),
  message: z.string().optional(),
  Message: z.string().optional(),
});

/** A type may have the name of its service before it. */
const codeInJson: CodeOf = ({ status, text }) => {
  if (status === 200) return null;
  const { data } = refusalAnswer.safeParse(parsedJson(text));
  const { __type: type } = data ?? {};
  return type === undefined ? `status ${status}` : type.replace(/^.*#/, '');
};

const jsonAnswerOf = (raw: Raw, { doing, allowed = [] }: Pick<JsonQuery, 'doing' | 'allowed'>): JsonAnswer => {
  const code = codeInJson(raw);
  const body = parsedJson(raw.text);
  if (code === null || allowed.includes(code)) return { code, body, at: raw.at };
  const { data } = refusalAnswer.safeParse(body);
  throw refused({ status: raw.status, code, message: data?.message ?? data?.Message ?? '' }, doing);
};

const jsonOf = ({ service, action, body }: JsonQuery): Payload => ({
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${JSON_TARGETS[service]}.${action}` },
  body: JSON.stringify(body),
});

/** Latchkey's own role in the account, entered with the keys beneath. */
const assumed =
  (config: Config, ask: Ask) =>
  async (signal: AbortSignal): Promise<Fetched> => {
    const { role_arn: role = '', external_id: externalId } = config.assume ?? {};
    const params = {
      RoleArn: role,
      RoleSessionName: OWN_SESSION,
      ...(externalId !== undefined && { ExternalId: externalId }),
    };
    const query = { service: 'sts', action: 'AssumeRole', params } as const;
    const raw = await ask(addressOf(config, 'sts'), formOf(query), signal);
    return keysIn(answerOf(raw, { doing: `let Latchkey enter its own role ${role}` }).text);
  };

export const openClient = (config: Config): Client => {
  const wire = openWire();
  const clock: Clock = { offsetMs: 0 };
  let shownMs = 0;
  const place = { wire, clock };
  const stsUrl = addressOf(config, 'sts').url;
  const base = keyRing(async (signal) => await fetchKeys({ wire, stsUrl }, config.credentials, signal));
  const ring = config.assume ? keyRing(assumed(config, asking(place, base, codeInXml))) : base;
  const ask = asking(place, ring, codeInXml);
  const askJson = asking(place, ring, codeInJson);
  return {
    config,
    query: async (query, signal) => {
      const raw = await ask(addressOf(config, query.service), formOf(query), signal);
      shownMs = raw.at.getTime() - Date.now();
      return answerOf(raw, query);
    },
    json: async (query, signal) => {
      const raw = await askJson(addressOf(config, query.service), jsonOf(query), signal);
      shownMs = raw.at.getTime() - Date.now();
      return jsonAnswerOf(raw, query);
    },
    skewMs: () => shownMs,
    close: async () => await wire.close(),
  };
};
