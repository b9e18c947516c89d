/** The job's own OIDC token, from the CI that runs it. Read anew each time: GitHub's lives five minutes, Kubernetes renews a file. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readVariable } from '../../config/variable.ts';
import type { Variables } from '../../config/variable.ts';
import { AnswerTooLong } from '../../lib/bounded-text.ts';
import { usedWrongly } from './failure.ts';
import { exchange } from './http.ts';

/** The CI did not hand out a token; it may do so in a moment. */
export class TokenUnavailable extends Error {
  override name = 'TokenUnavailable';
}

type Source = (audience: string) => Promise<string>;

const FETCH_MS = 10_000;
const ANSWER_MAX = 65_536;
const run = promisify(execFile);

export const faultOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error && cause.name === 'TimeoutError' ? 'no answer in time' : 'the connection failed';
};

/** null where it is no JSON. */
const readJson = (text: string): { value?: unknown } | null => {
  try {
    return JSON.parse(text) as { value?: unknown } | null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const failureOf = (error: unknown): TokenUnavailable =>
  error instanceof AnswerTooLong
    ? new TokenUnavailable("GitHub's token address answered without a token")
    : new TokenUnavailable(`GitHub's token address cannot be reached (${faultOf(error)})`);

const fromGithub = (address: string, secret: string): Source => {
  if (!URL.canParse(address)) throw usedWrongly('ACTIONS_ID_TOKEN_REQUEST_URL is no address.');
  return async (audience) => {
    // The address has a query of its own, which is kept as it is.
    const url = `${address}${address.includes('?') ? '&' : '?'}audience=${encodeURIComponent(audience)}`;
    const { status, text } = await exchange(url, {
      method: 'GET',
      headers: { authorization: `Bearer ${secret}`, accept: 'application/json' },
      signal: AbortSignal.timeout(FETCH_MS),
      maxBytes: ANSWER_MAX,
    }).catch((error: unknown) => {
      throw failureOf(error);
    });
    if (status < 200 || status > 299) throw new TokenUnavailable(`GitHub's token address answered ${status}`);
    const body = readJson(text);
    if (typeof body?.value !== 'string') throw new TokenUnavailable("GitHub's token address answered without a token");
    return body.value;
  };
};

const fromBuildkite: Source = async (audience) => {
  const args = ['oidc', 'request-token', '--audience', audience, '--claim', 'organization_id,pipeline_id'];
  try {
    return (await run('buildkite-agent', args, { timeout: FETCH_MS })).stdout.trim();
  } catch (error) {
    throw new TokenUnavailable(`buildkite-agent gave no token (${faultOf(error)})`);
  }
};

const given = (env: Variables, name: string): string | null => {
  const found = readVariable(env, name);
  if ('problem' in found) throw usedWrongly(found.problem);
  return found.value?.trim() || null;
};

const NO_TOKEN = `This job has no OIDC token. On GitHub give the job "permissions: { id-token: write }". \
On GitLab write "id_tokens: { LATCHKEY_ID_TOKEN: { aud: <LATCHKEY_URL> } }". \
Elsewhere set LATCHKEY_ID_TOKEN, or LATCHKEY_ID_TOKEN_FILE.`;

export const tokenSource = (env: Variables): Source => {
  if (given(env, 'LATCHKEY_ID_TOKEN') !== null)
    return async () => {
      const token = given(env, 'LATCHKEY_ID_TOKEN');
      if (token === null) throw new TokenUnavailable('LATCHKEY_ID_TOKEN is empty');
      return token;
    };
  const { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } = env;
  if (address && secret) return fromGithub(address, secret);
  if (env['BUILDKITE'] === 'true') return fromBuildkite;
  const circle = env['CIRCLE_OIDC_TOKEN_V2']?.trim();
  if (circle) return async () => circle;
  throw usedWrongly(NO_TOKEN);
};
