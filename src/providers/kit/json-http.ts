/** One call to an API that speaks JSON over HTTP, with what the network says as the error kinds of the contract. */
import { ProviderError } from '../provider.ts';
import { textWithin, tooLarge } from './answer-text.ts';
import type { HttpAgent } from './http-agent.ts';
import { byErrno, codeOf, noAnswerOf, SERVER_AWAY } from './network-errors.ts';

const LONGEST_ANSWER = 5_000_000;
const ANSWER_MS = 10_000;
/** What is overdue is to end within a minute of the end of an outage, whatever time a proxy names for it. */
const LONGEST_OUTAGE_S = 30;

/** `form` in place of `body`: what an endpoint for OAuth tokens takes. */
export type JsonCall = {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  url: string;
  body?: object;
  form?: Record<string, string>;
};
export type JsonAnswer = { status: number; headers: Record<string, string | string[] | undefined>; body: unknown };

const BY_ERRNO = byErrno({ away: SERVER_AWAY, noAnswer: noAnswerOf('its API') });

const read = async (body: AsyncIterable<Buffer>, name: string): Promise<unknown> => {
  const text = await textWithin(body, LONGEST_ANSWER, tooLarge(name));
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
};

const headerOf = ({ headers }: JsonAnswer, name: string): string | null => {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
};

/** By the clock of the API itself, since ours may differ. Null where it says no time. */
const secondsToReset = (answer: JsonAnswer): number | null => {
  const reset = headerOf(answer, 'x-rate-limit-reset') ?? headerOf(answer, 'x-ratelimit-reset');
  const sent = Date.parse(headerOf(answer, 'date') ?? '');
  if (reset === null || !/^\d{1,12}$/.test(reset)) return null;
  return Math.max(1, Math.ceil(Number(reset) - (Number.isNaN(sent) ? Date.now() : sent) / 1000));
};

/** Where the API says that there are too many calls: how long to wait, where it says that, too. */
export const limitOf = (answer: JsonAnswer): { seconds: number | null } | null => {
  const after = headerOf(answer, 'retry-after');
  const isUsedUp = headerOf(answer, 'x-ratelimit-remaining') === '0';
  const mayBe = answer.status === 403 || answer.status === 503;
  if (answer.status !== 429 && !(mayBe && (after !== null || isUsedUp))) return null;
  const seconds = after !== null && /^\d{1,6}$/.test(after) ? Number(after) : secondsToReset(answer);
  return { seconds: seconds !== null && answer.status === 503 ? Math.min(seconds, LONGEST_OUTAGE_S) : seconds };
};

/** As a failure in words. */
export const limited = (answer: JsonAnswer, name: string): ProviderError | null => {
  const limit = limitOf(answer);
  if (!limit) return null;
  const wait = limit.seconds === null ? '' : ` It asks to wait ${limit.seconds} s.`;
  return new ProviderError('throttled', `The rate limit of ${name} is reached.${wait}`);
};

const payloadOf = ({ body, form }: Pick<JsonCall, 'body' | 'form'>): { type: string; text: string } | null => {
  if (form) return { type: 'application/x-www-form-urlencoded', text: new URLSearchParams(form).toString() };
  return body ? { type: 'application/json', text: JSON.stringify(body) } : null;
};

/** Redirects are not followed: the token would go where the answer says. */
export const callJson = async (
  { method, url, ...content }: JsonCall,
  { name, headers, agent }: { name: string; headers: Record<string, string>; agent: HttpAgent },
  signal: AbortSignal,
): Promise<JsonAnswer> => {
  const payload = payloadOf(content);
  try {
    const answer = await agent.request(url, {
      method,
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
      signal,
      headers: { 'user-agent': 'latchkey', ...headers, ...(payload && { 'content-type': payload.type }) },
      ...(payload && { body: payload.text }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: await read(answer.body, name) };
  } catch (error) {
    const code = codeOf(error);
    if (error instanceof ProviderError || signal.aborted || code === '') throw error;
    const sentence = BY_ERRNO[code]?.sentence ?? `the connection broke (${code})`;
    const isUntouched = code === 'ECONNREFUSED' || code === 'ENOTFOUND';
    throw new ProviderError('unavailable', `${name} cannot be asked: ${sentence}.`, { cause: error, isUntouched });
  }
};

/** What an answer that refuses says of a target: `because` is the sentence about it. */
export const refusedBy = ({ status }: JsonAnswer, because: string): ProviderError => {
  if (status >= 500 || status === 408) return new ProviderError('unavailable', because);
  if (status === 409) return new ProviderError('conflict', because);
  if (status === 401 || status === 403) return new ProviderError('denied', because);
  return new ProviderError('misconfigured', because);
};
