/** Access tokens for a service account that signs an assertion. RFC 7523 */
import { randomUUID } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { Answer } from './routes.ts';
import type { State } from './state.ts';

const LIFE_S = 3_599;
const SCOPE = 'https://www.googleapis.com/auth/cloud-identity.groups';

const failed = (status: number, error: string, error_description: string): Answer => ({
  status,
  body: { error, error_description },
});

export const giveToken = async (state: State, form: URLSearchParams, url: string): Promise<Answer> => {
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    return failed(400, 'unsupported_grant_type', 'Invalid grant_type.');
  try {
    const { payload } = await jwtVerify(form.get('assertion') ?? '', state.publicKey, {
      algorithms: ['RS256'],
      issuer: state.account,
      audience: url,
      requiredClaims: ['iat', 'exp'],
    });
    const { exp = 0, iat = 0, sub } = payload;
    if (exp - iat > 3_600) return failed(400, 'invalid_grant', 'Invalid JWT: Token must be a short-lived token.');
    if (payload['scope'] !== SCOPE) return failed(400, 'invalid_scope', 'Invalid OAuth scope or ID token audience.');
    if (sub !== undefined && !state.delegated.has(sub))
      return failed(401, 'unauthorized_client', 'Client is unauthorized to retrieve access tokens using this method.');
    const access_token = `ya29.${randomUUID()}`;
    state.tokens.set(access_token, { actsAs: sub ?? state.account, expiresAt: Date.now() + LIFE_S * 1_000 });
    return { status: 200, body: { access_token, expires_in: LIFE_S, token_type: 'Bearer' } };
  } catch (error) {
    if (error instanceof Error) return failed(400, 'invalid_grant', 'Invalid JWT Signature.');
    throw error;
  }
};

/** In whose name the call is made; null where Google would not know the token. */
export const actsAs = (state: State, authorization: string): string | null => {
  const token = state.tokens.get(authorization.replace(/^Bearer /, ''));
  return token && token.expiresAt > Date.now() ? token.actsAs : null;
};
