/** Who calls: an API token, or a service app with an access token that it got for a signed assertion. */
import { randomUUID } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { Answer } from './routes.ts';
import type { State } from './state.ts';

const LIFE_S = 3600;
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const failed = (status: number, error: string, error_description: string): Answer => ({
  status,
  body: { error, error_description },
});

const isGenuine = async (state: State, assertion: string, audience: string): Promise<boolean> => {
  try {
    const { payload } = await jwtVerify(assertion, state.publicKey, {
      algorithms: ['RS256'],
      issuer: state.clientId,
      subject: state.clientId,
      audience,
      requiredClaims: ['exp', 'jti'],
    });
    const { exp = 0, jti = '' } = payload;
    if (exp - Date.now() / 1000 > LIFE_S || state.assertions.has(jti)) return false;
    state.assertions.add(jti);
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
};

export const giveToken = async (state: State, form: URLSearchParams, url: string): Promise<Answer> => {
  if (form.get('grant_type') !== 'client_credentials')
    return failed(400, 'unsupported_grant_type', 'The authorization grant type is not supported.');
  if (form.get('client_assertion_type') !== ASSERTION)
    return failed(401, 'invalid_client', 'Client authentication failed.');
  if (!(await isGenuine(state, form.get('client_assertion') ?? '', url)))
    return failed(401, 'invalid_client', 'The client_assertion is invalid.');
  const scopes = (form.get('scope') ?? '').split(' ');
  if (scopes.some((scope) => !state.scopes.has(scope)))
    return failed(400, 'invalid_scope', 'One or more scopes are not granted to the client application.');
  const access_token = randomUUID();
  state.tokens.set(access_token, { scopes, expiresAt: Date.now() + LIFE_S * 1_000 });
  return { status: 200, body: { token_type: 'Bearer', expires_in: LIFE_S, access_token, scope: scopes.join(' ') } };
};

/** The scopes that count; null where Okta would not know the token. */
export const scopesOf = (state: State, authorization: string): string[] | null => {
  // An API token has none: every right of its administrator counts.
  if (authorization === `SSWS ${state.apiToken}`) return ['okta.groups.manage', 'okta.users.read'];
  const token = state.tokens.get(authorization.replace(/^Bearer /, ''));
  return token && token.expiresAt > Date.now() ? token.scopes : null;
};
