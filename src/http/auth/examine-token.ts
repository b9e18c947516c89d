/**
 * A token, checked claim by claim: the issuer by the policy's list before anything is fetched, its algorithm and its times, which client
 * it is, and last its signature. The same function answers a login and `latchkey client explain`.
 */
import { compactVerify, errors } from 'jose';
import { claimOf, shownClaim } from '../../domain/clients/claims.ts';
import type { Claims } from '../../domain/clients/claims.ts';
import type { ClientEntry } from '../../domain/clients/client.ts';
import { ALGORITHMS } from '../../domain/clients/issuer.ts';
import type { Issuer } from '../../domain/clients/issuer.ts';
import { whichClient } from '../../domain/clients/match-client.ts';
import type { ClaimCheck, ClientMatch } from '../../domain/clients/match-client.ts';
import { timeChecks } from '../../domain/clients/token-times.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { IssuerKeys } from './issuer-keys.ts';

const TOKEN_BYTES_MAX = 16 * 1024;
const PART = /^[\w-]+$/;

export type TokenSettings = {
  policy: Pick<Policy, 'issuers' | 'clients'>;
  keys: IssuerKeys;
  /** LATCHKEY_PUBLIC_URL; null where it is not set. */
  publicUrl: string | null;
  now: Date;
  /** True looks at the signature although something else is wrong already, to say all of it. */
  isThorough: boolean;
};

export type Examination = {
  issuer: Issuer | null;
  claims: Claims;
  /** Of the token itself. */
  checks: ClaimCheck[];
  /** One for each client of the issuer. */
  matches: ClientMatch[];
  /** Null where anything is wrong. */
  client: ClientEntry | null;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parsePart = (part: string): Record<string, unknown> | null => {
  if (!PART.test(part)) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url')));
    return isRecord(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
};

type Read = { header: Record<string, unknown>; claims: Claims };

const read = (token: string): Read | null => {
  if (Buffer.byteLength(token) > TOKEN_BYTES_MAX) return null;
  const parts = token.split('.');
  const [header, claims] = parts.slice(0, 2).map(parsePart);
  return parts.length === 3 && PART.test(parts[2] ?? '') && header && claims ? { header, claims } : null;
};

const failed = (claim: string, expected: string, found: string): ClaimCheck => ({
  claim,
  expected,
  found,
  isMet: false,
});

const refused = (check: ClaimCheck): Examination => ({
  issuer: null,
  claims: {},
  checks: [check],
  matches: [],
  client: null,
});

const algorithmCheck = ({ kind }: Issuer, { header }: Read): ClaimCheck => {
  const allowed = ALGORITHMS[kind];
  const found = claimOf(header, 'alg');
  const isMet = typeof found === 'string' && allowed.includes(found);
  return { claim: 'alg (header)', expected: `one of ${allowed.join(', ')}`, found: shownClaim(found), isMet };
};

const signatureCheck = async (token: string, issuer: Issuer, { keys }: TokenSettings): Promise<ClaimCheck> => {
  const expected = `a key of ${issuer.url}`;
  try {
    await compactVerify(token, keys.keyFor(issuer), { algorithms: [...ALGORITHMS[issuer.kind]] });
    return { claim: 'signature', expected, found: 'a key of the issuer', isMet: true };
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
      return failed('kid (header)', expected, 'no key of the issuer that is known');
    if (error instanceof errors.JOSEError) return failed('signature', expected, error.code);
    // What a key set can hold and a runtime cannot read.
    if (error instanceof TypeError || error instanceof DOMException) return failed('signature', expected, error.name);
    throw error;
  }
};

/** Both forms: whether an address ends with a slash is no difference that people see. */
const audiencesOf = (publicUrl: string | null): string[] => {
  if (publicUrl === null) return [];
  const plain = publicUrl.replace(/\/+$/, '');
  return [plain, `${plain}/`];
};

const issuerOf = ({ policy }: TokenSettings, { claims }: Read): Issuer | undefined => {
  const iss = claimOf(claims, 'iss');
  return Object.values(policy.issuers).find(({ url }) => url === iss);
};

export const examineToken = async (token: string, settings: TokenSettings): Promise<Examination> => {
  const found = read(token);
  if (!found)
    return refused(failed('token', `a JWT of three parts and at most ${TOKEN_BYTES_MAX / 1024} KiB`, 'something else'));
  const { policy, publicUrl, now, isThorough } = settings;
  const issuer = issuerOf(settings, found);
  const { claims } = found;
  if (!issuer) {
    const known = Object.values(policy.issuers).map(({ url }) => url);
    const expected = known.length > 0 ? `one of ${known.join(', ')}` : 'an issuer of the policy, which has none';
    return { ...refused(failed('iss', expected, shownClaim(claimOf(claims, 'iss')))), claims };
  }
  const checks = [algorithmCheck(issuer, found), ...timeChecks(issuer.kind, claims, now)];
  const clients = Object.values(policy.clients).filter((client) => client.issuer === issuer.name);
  const { client, matches } = whichClient({ issuer, claims, defaultAudiences: audiencesOf(publicUrl) }, clients);
  const isFine = client !== null && checks.every(({ isMet }) => isMet);
  // Nothing is fetched for a token that would be no client, no matter who signed it.
  if (isFine || isThorough) checks.push(await signatureCheck(token, issuer, settings));
  return { issuer, claims, checks, matches, client: checks.every(({ isMet }) => isMet) ? client : null };
};
