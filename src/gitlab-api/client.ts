/**
 * One call to GitLab's API, with a token. docs.gitlab.com: "REST API authentication", "Rate limits". Redirects are not followed: the
 * token would go where the answer says.
 */
import { z } from 'zod';
import { AnswerTooLong, boundedText } from '../lib/bounded-text.ts';

const TIMEOUT_MS = 10_000;
const BYTES_MAX = 1_000_000;
const LIMITED_MS = 60_000;

/** `url`: of the instance, without a trailing slash. */
export type GitlabAccess = { url: string; token: string };

/** GitLab could not be asked, or refused: a sentence for operators. `retryInMs` where GitLab says how long to wait. */
export class GitlabError extends Error {
  override name = 'GitlabError';
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

export type GitlabCall = { method: 'GET' | 'POST'; path: string; body?: object };
export type GitlabAnswer = { status: number; text: string; body: unknown };
export type GitlabClient = { call(call: GitlabCall): Promise<GitlabAnswer> };

const whyNot = (error: unknown): string => {
  if (error instanceof AnswerTooLong) return 'the answer is too large';
  if (!(error instanceof Error)) return 'unknown error';
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message;
};

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

/** Its limits are of a minute. What names a much longer time is a mistake, or means harm: decided deployments wait for it. */
const BELIEVED_MS = 5 * 60_000;

const retryMs = ({ headers }: Response): number => {
  const after = headers.get('retry-after');
  return after !== null && /^\d{1,6}$/.test(after) ? Math.min(Number(after) * 1000, BELIEVED_MS) : LIMITED_MS;
};

const limited = ({ method, path }: GitlabCall, retryInMs: number): GitlabError =>
  new GitlabError(`GitLab's rate limit is reached at ${method} ${path}.`, { status: 429, retryInMs });

/** `message` or `error` of GitLab's answer: it names what was wrong, and never the token. */
export const messageIn = (body: unknown): string => {
  const parsed = z.object({ message: z.unknown().optional(), error: z.unknown().optional() }).safeParse(body);
  const said = parsed.data?.message ?? parsed.data?.error;
  if (said === undefined) return '';
  return `: ${(typeof said === 'string' ? said : JSON.stringify(said)).slice(0, 200)}`;
};

const send = async ({ url, token }: GitlabAccess, { method, path, body }: GitlabCall): Promise<GitlabAnswer> => {
  const address = `${url}/api/v4${path}`;
  const failed = (why: string, more: { status?: number; cause?: unknown } = {}): GitlabError =>
    new GitlabError(`${method} ${address} failed (${why}).`, { status: 0, ...more });
  let response: Response;
  let text: string;
  try {
    response = await fetch(address, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        'private-token': token,
        'user-agent': 'latchkey',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    text = await boundedText(response.body, BYTES_MAX);
  } catch (error) {
    throw failed(whyNot(error), { cause: error });
  }
  const { status } = response;
  if (status === 429) throw limited({ method, path }, retryMs(response));
  if (status === 401)
    throw new GitlabError('GitLab does not know the token; check LATCHKEY_GITLAB_TOKEN and its expiry.', { status });
  if (status >= 300 && status < 400)
    throw failed(`it answers ${status} and leads elsewhere; check LATCHKEY_GITLAB_URL`);
  if (status >= 500) throw failed(`it answers ${status}`, { status });
  return { status, text, body: jsonIn(text) };
};

/** Nothing is sent while GitLab wants to be left alone: each call that it refuses counts, too. */
export const createGitlabClient = (access: GitlabAccess): GitlabClient => {
  let untilMs = 0;
  return {
    call: async (call) => {
      const waitMs = untilMs - performance.now();
      if (waitMs > 0) throw limited(call, waitMs);
      try {
        return await send(access, call);
      } catch (error) {
        if (error instanceof GitlabError && error.retryInMs !== null) untilMs = performance.now() + error.retryInMs;
        throw error;
      }
    },
  };
};
