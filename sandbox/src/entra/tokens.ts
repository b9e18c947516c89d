/** Access tokens for an app: by secret, by an assertion that its certificate signed, or by a token of an issuer that it trusts. */
import { randomUUID } from 'node:crypto';
import { SignJWT, decodeProtectedHeader, jwtVerify } from 'jose';
import type { Answer } from './routes.ts';
import type { State } from './state.ts';

const LIFE_S = 3_599;
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const failed = (status: number, error: string, text: string): Answer => ({
  status,
  body: { error, error_description: `${text} Trace ID: ${randomUUID()}`, error_codes: [Number(/\d+/.exec(text)?.[0])] },
});

const isGenuine = async (state: State, assertion: string, audience: string): Promise<boolean> => {
  const { certificate, clientId } = state;
  if (!certificate) return false;
  try {
    if (decodeProtectedHeader(assertion)['x5t#S256'] !== certificate.thumbprint) return false;
    const { payload } = await jwtVerify(assertion, certificate.publicKey, {
      algorithms: ['PS256'],
      issuer: clientId,
      subject: clientId,
      audience,
      requiredClaims: ['exp', 'nbf', 'jti'],
    });
    const { jti = '' } = payload;
    if (state.assertions.has(jti)) return false;
    state.assertions.add(jti);
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
};

const isKnown = async (state: State, form: URLSearchParams, url: string): Promise<boolean> => {
  const secret = form.get('client_secret');
  if (secret !== null) return secret === state.clientSecret;
  const assertion = form.get('client_assertion') ?? '';
  if (form.get('client_assertion_type') !== ASSERTION) return false;
  return assertion === state.federatedToken || (await isGenuine(state, assertion, url));
};

export const giveToken = async (state: State, form: URLSearchParams, url: URL): Promise<Answer> => {
  if (form.get('grant_type') !== 'client_credentials')
    return failed(400, 'unsupported_grant_type', 'AADSTS70003: The app requested an unsupported grant type.');
  if (url.pathname.split('/')[1] !== state.tenant)
    return failed(400, 'invalid_request', 'AADSTS90002: Tenant not found.');
  if (form.get('client_id') !== state.clientId)
    return failed(400, 'unauthorized_client', 'AADSTS700016: Application was not found in the directory.');
  if (form.get('scope') !== `${url.origin}/.default`)
    return failed(400, 'invalid_scope', 'AADSTS1002012: The provided value for scope is not valid.');
  if (!(await isKnown(state, form, `${url.origin}${url.pathname}`)))
    return failed(401, 'invalid_client', 'AADSTS7000215: Invalid client secret provided.');
  const access_token = await new SignJWT({ roles: [...state.permissions], tid: state.tenant, appid: state.clientId })
    .setProtectedHeader({ alg: 'HS256' })
    .setAudience(url.origin)
    .setIssuedAt()
    .setJti(randomUUID())
    .setExpirationTime(`${LIFE_S}s`)
    .sign(state.key);
  return { status: 200, body: { token_type: 'Bearer', expires_in: LIFE_S, ext_expires_in: LIFE_S, access_token } };
};

/** The application permissions that count; null where Graph would not take the token. */
export const permissionsOf = async (
  state: State,
  authorization: string,
  audience: string,
): Promise<Set<string> | null> => {
  try {
    const token = authorization.replace(/^Bearer /, '');
    const { payload } = await jwtVerify(token, state.key, { algorithms: ['HS256'], audience });
    return (payload.iat ?? 0) >= state.notBefore ? new Set(payload['roles'] as string[]) : null;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
};
