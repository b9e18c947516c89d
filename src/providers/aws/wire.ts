/** One HTTP exchange with AWS or with what gives out keys beside it; what the network says as the error kinds of the contract. */
import { textWithin, tooLarge } from '../kit/answer-text.ts';
import { openAgent } from '../kit/http-agent.ts';
import { byErrno, codeOf, noAnswerOf, SERVER_AWAY } from '../kit/network-errors.ts';
import { ProviderError } from '../provider.ts';

const LONGEST_ANSWER = 5_000_000;
const ANSWER_MS = 10_000;
const AT_ONCE = 16;

export type Sent = {
  method: 'GET' | 'PUT' | 'POST';
  url: string;
  headers?: Record<string, string>;
  body?: string;
};
/** `at`: by the clock of the server that answered; ours where it shows none. */
export type Raw = { status: number; text: string; at: Date };

export type Wire = { send(sent: Sent, signal: AbortSignal): Promise<Raw>; close(): Promise<void> };

const BY_ERRNO = byErrno({ away: SERVER_AWAY, noAnswer: noAnswerOf('its API') });

const failureOf = (error: unknown, host: string): unknown => {
  const code = codeOf(error);
  if (error instanceof ProviderError || code === '') return error;
  const sentence = BY_ERRNO[code]?.sentence ?? `the connection broke (${code})`;
  const isUntouched = code === 'ECONNREFUSED' || code === 'ENOTFOUND';
  return new ProviderError('unavailable', `${host} cannot be asked: ${sentence}.`, { cause: error, isUntouched });
};

/** Redirects are not followed: what is signed for one host is for no other. */
export const openWire = (): Wire => {
  const agent = openAgent({ connections: AT_ONCE });
  return {
    send: async ({ method, url, headers, body }, signal) => {
      const { host } = new URL(url);
      try {
        const answer = await agent.request(url, {
          method,
          headersTimeout: ANSWER_MS,
          bodyTimeout: ANSWER_MS,
          signal,
          headers: { 'user-agent': 'latchkey', ...headers },
          ...(body !== undefined && { body }),
        });
        const date = Date.parse(String(answer.headers['date'] ?? ''));
        const at = Number.isNaN(date) ? new Date() : new Date(date);
        return { status: answer.statusCode, text: await textWithin(answer.body, LONGEST_ANSWER, tooLarge(host)), at };
      } catch (error) {
        if (signal.aborted) throw error;
        throw failureOf(error, host);
      }
    },
    close: async () => await agent.destroy(),
  };
};
