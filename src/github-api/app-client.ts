/**
 * One call to GitHub's API. docs.github.com: "Authenticating as a GitHub App", "Rate limits for the REST API", "Best practices for
 * using the REST API". Redirects are not followed: the token would go where the answer says.
 */
import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import type { Repository } from '../domain/github/events.ts';
import { boundedText } from '../lib/bounded-text.ts';

const TIMEOUT_MS = 10_000;
const BYTES_MAX = 5_000_000;
/** GitHub allows ten minutes, by its own clock. */
const JWT_LIFE_S = 540;
const CLOCK_LEEWAY_S = 60;
const TOKEN_EARLY_MS = 5 * 60_000;
const LIMITED_MS = 60_000;
/** GitHub's limits are of an hour. What names a longer time is a mistake, or means harm: ends of access wait for it, too. */
const BELIEVED_MS = 3_600_000;

export type GithubApp = { appId: string; key: string; apiUrl: string };

/** GitHub could not be asked, or refused: a sentence for operators. `retryInMs` where GitHub says how long to wait. */
export class GithubError extends Error {
  override name = 'GithubError';
  readonly status: number;
  readonly retryInMs: number | null;
  constructor(
    message: string,
    { status, retryInMs = null, cause }: { status: number; retryInMs?: number | null; cause?: unknown },
  ) {
    super(message, { cause });
    this.status = status;
    this.retryInMs = retryInMs;
  }
}

export type Call = { method: 'GET' | 'POST' | 'PATCH'; path: string; body?: object };
export type Answer = { status: number; body: unknown };

export type AppClient = {
  /** As the App itself. */
  asApp(call: Call): Promise<Answer>;
  /** By the right of the installation that has this repository. */
  asInstallation(repository: Repository, call: Call): Promise<Answer>;
  /** By the right of this installation. */
  withInstallation(installation: string, call: Call): Promise<Answer>;
  /** Whether the installation that has this repository lets the App read this. */
  mayRead(repository: Repository, permission: string): Promise<boolean>;
};

const messageIn = (body: unknown): string => {
  const parsed = z.object({ message: z.string() }).safeParse(body);
  return parsed.success ? `: ${parsed.data.message.slice(0, 200)}` : '';
};

const secondsIn = (value: string | null): number | null =>
  value !== null && /^\d{1,10}$/.test(value) ? Number(value) : null;

/** Both limits: the hour's, with the time at which it begins anew, and the secondary one, with the seconds to wait. */
const limitMs = ({ status, headers }: Response): number | null => {
  if (status !== 403 && status !== 429) return null;
  const after = secondsIn(headers.get('retry-after'));
  if (after !== null) return Math.min(after * 1000, BELIEVED_MS);
  if (headers.get('x-ratelimit-remaining') !== '0') return status === 429 ? LIMITED_MS : null;
  const reset = secondsIn(headers.get('x-ratelimit-reset'));
  return reset === null ? LIMITED_MS : Math.min(Math.max(1000, reset * 1000 - Date.now()), BELIEVED_MS);
};

const whyNot = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown error';
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message;
};

const bodyOf = async (response: Response): Promise<unknown> => {
  const text = await boundedText(response.body, BYTES_MAX);
  if (text === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const send = async (apiUrl: string, token: string, { method, path, body }: Call): Promise<Answer> => {
  const url = `${apiUrl}${path}`;
  const failed = (why: string, cause?: unknown): GithubError =>
    new GithubError(`${method} ${url} failed (${why}).`, { status: 0, cause });
  let response: Response;
  let found: unknown;
  try {
    response = await fetch(url, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'user-agent': 'latchkey',
        'x-github-api-version': '2022-11-28',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    found = await bodyOf(response);
  } catch (error) {
    throw failed(whyNot(error), error);
  }
  const { status } = response;
  const retryInMs = limitMs(response);
  if (retryInMs !== null)
    throw new GithubError(`GitHub's rate limit is reached at ${method} ${path}.`, { status, retryInMs });
  if (status >= 300 && status < 400)
    throw failed(`it answers ${status} and leads elsewhere; the repository was renamed, or the address is wrong`);
  if (status >= 500) throw failed(`it answers ${status}`);
  return { status, body: found };
};

const readKey = (pem: string): KeyObject => {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new GithubError('LATCHKEY_GITHUB_APP_KEY is no private key in PEM.', { status: 0, cause: error });
  }
};

const tokenAnswer = z.object({
  token: z.string(),
  expires_at: z.iso.datetime({ offset: true }),
  permissions: z.record(z.string(), z.string()).default({}),
});
const installationAnswer = z.object({ id: z.int() });

type Kept = { token: string; permissions: Record<string, string>; untilMs: number };

const jwtOf = ({ appId }: GithubApp, key: KeyObject): Promise<string> => {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(appId)
    .setIssuedAt(now - CLOCK_LEEWAY_S)
    .setExpirationTime(now + JWT_LIFE_S - CLOCK_LEEWAY_S)
    .sign(key);
};

const refused = ({ status, body }: Answer, what: string): GithubError =>
  new GithubError(`GitHub refuses ${what} with ${status}${messageIn(body)}.`, { status });

const NOT_KNOWN = 'check LATCHKEY_GITHUB_APP_ID and LATCHKEY_GITHUB_APP_KEY.';

const appCalls = (app: GithubApp): AppClient['asApp'] => {
  const key = readKey(app.key);
  return async (call) => {
    const answer = await send(app.apiUrl, await jwtOf(app, key), call);
    if (answer.status !== 401) return answer;
    throw new GithubError(`GitHub does not know the App${messageIn(answer.body)}; ${NOT_KNOWN}`, { status: 401 });
  };
};

/** Kept until five minutes before its end. */
const createTokens = (asApp: AppClient['asApp']) => {
  const tokens = new Map<string, Kept>();
  const get = async (installation: string): Promise<Kept> => {
    const kept = tokens.get(installation);
    if (kept && kept.untilMs > Date.now()) return kept;
    const path = `/app/installations/${encodeURIComponent(installation)}/access_tokens`;
    const answer = await asApp({ method: 'POST', path, body: {} });
    const parsed = tokenAnswer.safeParse(answer.body);
    if (!parsed.success) throw refused(answer, `a token for the installation ${installation}`);
    const { token, permissions, expires_at: expiresAt } = parsed.data;
    const made = { token, permissions, untilMs: new Date(expiresAt).getTime() - TOKEN_EARLY_MS };
    tokens.set(installation, made);
    return made;
  };
  return { get, drop: (installation: string): unknown => tokens.delete(installation) };
};

/** Where a delivery did not say it, GitHub is called, once for each repository. */
const createInstallations = (asApp: AppClient['asApp']) => {
  const known = new Map<string, string>();
  const lookUp = async ({ id, fullName }: Repository): Promise<string> => {
    const answer = await asApp({ method: 'GET', path: `/repos/${fullName}/installation` });
    const parsed = installationAnswer.safeParse(answer.body);
    if (!parsed.success) throw refused(answer, `to say where the App is installed for ${fullName}`);
    known.set(id, String(parsed.data.id));
    return String(parsed.data.id);
  };
  const find = async (repository: Repository): Promise<string> =>
    repository.installation || known.get(repository.id) || lookUp(repository);
  return { find, lookUp };
};

const isGone = (error: unknown): boolean => error instanceof GithubError && error.status === 404;

export const createAppClient = (app: GithubApp): AppClient => {
  const asApp = appCalls(app);
  const tokens = createTokens(asApp);
  const installations = createInstallations(asApp);
  const withInstallation = async (installation: string, call: Call): Promise<Answer> => {
    const answer = await send(app.apiUrl, (await tokens.get(installation)).token, call);
    if (answer.status !== 401) return answer;
    // Taken back before its time: the App was installed anew, or its rights were changed.
    tokens.drop(installation);
    return send(app.apiUrl, (await tokens.get(installation)).token, call);
  };
  const inItsInstallation = async <T>(
    repository: Repository,
    act: (installation: string) => Promise<T>,
  ): Promise<T> => {
    const installation = await installations.find(repository);
    try {
      return await act(installation);
    } catch (error) {
      if (!isGone(error)) throw error;
      // The App was removed from there. Where it was installed anew, that is another installation.
      const another = await installations.lookUp(repository);
      if (another === installation) throw error;
      return act(another);
    }
  };
  return {
    asApp,
    withInstallation,
    asInstallation: (repository, call) => inItsInstallation(repository, (one) => withInstallation(one, call)),
    mayRead: (repository, permission) =>
      inItsInstallation(repository, async (one) => (await tokens.get(one)).permissions[permission] !== undefined),
  };
};

/** @throws GithubError for any other status than these. */
export const demand = (answer: Answer, statuses: readonly number[], what: string): Answer => {
  if (statuses.includes(answer.status)) return answer;
  throw refused(answer, what);
};
