/**
 * One call over HTTP, by Node's plain client. `fetch` compiles its parser at its first use, and the process cannot end before that is
 * over: more than everything else that a short job does.
 */
import { request as requestHttp } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { boundedText } from '../../lib/bounded-text.ts';

/** `maxBytes`: of the answer. No redirect is followed: it would take the job's token elsewhere. */
export type Sending = {
  method: string;
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  maxBytes: number;
};

export type Received = { status: number; headers: IncomingHttpHeaders; text: string };

const answered = (address: string, { method, headers, body, signal }: Sending): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const url = new URL(address);
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    request(url, { method, headers, signal }, resolve).once('error', reject).end(body);
  });

/** @throws AnswerTooLong, and what the connection or `signal` failed with. */
export const exchange = async (address: string, sending: Sending): Promise<Received> => {
  const answer = await answered(address, sending);
  const text = await boundedText(answer, sending.maxBytes);
  return { status: answer.statusCode ?? 0, headers: answer.headers, text };
};
