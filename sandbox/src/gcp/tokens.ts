/** Who calls: a service account by a signed assertion, by federation, or of the machine, each with an access token for an hour. */
import { randomUUID } from 'node:crypto';
import { jwtVerify } from 'jose';
import { nowAtGoogle } from './iam.ts';
import type { Answer } from './iam.ts';
import type { State } from './state.ts';

const LIFE_S = 3_599;
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const AUDIENCE = '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/ci';
const FEDERATED = 'principal://federated';

const refused = (error: string, error_description: string): Answer => ({
  status: 400,
  body: { error, error_description },
});

const give = (state: State, member: string): string => {
  const token = `ya29.${randomUUID()}`;
  state.tokens.set(token, { member, expiresAt: nowAtGoogle(state) + LIFE_S * 1_000 });
  return token;
};
export const ownMember = ({ email }: State): string => `serviceAccount:${email}`;

const bearing = (access_token: string): Answer => ({
  status: 200,
  body: { access_token, expires_in: LIFE_S, token_type: 'Bearer' },
});

const isGenuine = async (state: State, assertion: string, audience: string): Promise<boolean> => {
  try {
    const { payload } = await jwtVerify(assertion, state.publicKey, {
      algorithms: ['RS256'],
      issuer: state.email,
      audience,
      requiredClaims: ['exp', 'iat'],
      currentDate: new Date(nowAtGoogle(state)),
    });
    const { exp = 0, iat = 0, scope } = payload as { exp?: number; iat?: number; scope?: string };
    const isShort = exp - iat <= 3_600 && iat <= nowAtGoogle(state) / 1_000;
    return isShort && scope === SCOPE;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
};

export const giveToken = async (state: State, form: URLSearchParams, url: string): Promise<Answer> => {
  if (form.get('grant_type') === EXCHANGE) {
    const isKnown = state.subjectTokens.has(form.get('subject_token') ?? '') && form.get('audience') === AUDIENCE;
    return isKnown ? bearing(give(state, FEDERATED)) : refused('invalid_grant', 'The given credential is rejected.');
  }
  if (form.get('grant_type') !== JWT_BEARER) return refused('unsupported_grant_type', 'Invalid grant_type.');
  return (await isGenuine(state, form.get('assertion') ?? '', url))
    ? bearing(give(state, ownMember(state)))
    : refused('invalid_grant', 'Invalid JWT Signature.');
};

export const metadataToken = (state: State): Answer => bearing(give(state, ownMember(state)));

export const memberOf = (state: State, authorization: string): string | null => {
  const token = state.tokens.get(authorization.replace(/^Bearer /, ''));
  return token && token.expiresAt > nowAtGoogle(state) ? token.member : null;
};

/** Of the federated identity, which may act as the service account and do nothing else. */
export const impersonate = (state: State, member: string, email: string): Answer => {
  if (member !== FEDERATED || email !== state.email)
    return { status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED', message: 'Permission denied.' } } };
  const expireTime = new Date(nowAtGoogle(state) + LIFE_S * 1_000).toISOString();
  return { status: 200, body: { accessToken: give(state, ownMember(state)), expireTime } };
};
