/** Whether a request is Slack's: docs.slack.dev/authentication/verifying-requests-from-slack. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Refused } from './refused.ts';

/** "More than five minutes from local time." Both ways: a time in the future would let a signature be replayed for longer. */
export const WINDOW_SECONDS = 300;

export type Signed = { seconds: number; signature: Buffer };

const VERSION = 'v0';
const SIGNATURE = /^v0=([0-9a-f]{64})$/;
/** Until the year 2286. */
const TIMESTAMP = /^[1-9]\d{9}$/;

/** A header that came once. Node joins repeated ones with commas, which nothing of ours contains. */
export const headerOf = (req: IncomingMessage, name: string): string => {
  const value = req.headers[name];
  return typeof value === 'string' ? value : '';
};

/** What can be seen before a byte of the body is read. */
export const readSigned = (req: IncomingMessage, nowMs: number): Signed => {
  const hash = SIGNATURE.exec(headerOf(req, 'x-slack-signature'))?.[1];
  const stamp = headerOf(req, 'x-slack-request-timestamp');
  if (hash === undefined || !TIMESTAMP.test(stamp)) throw new Refused(401, 'The request is not signed as Slack signs.');
  const seconds = Number(stamp);
  if (Math.abs(nowMs / 1000 - seconds) > WINDOW_SECONDS)
    throw new Refused(401, 'The time of the request is more than five minutes away from the clock here.');
  return { seconds, signature: Buffer.from(hash, 'hex') };
};

/** Gives the key of what was verified: of the timestamp and the hash made here, never of text that came with the request. */
export const verify = (signingSecret: string, { seconds, signature }: Signed, body: Buffer): string => {
  const expected = createHmac('sha256', signingSecret).update(`${VERSION}:${seconds}:`).update(body).digest();
  if (!timingSafeEqual(expected, signature)) throw new Refused(401, 'The signature of the request is wrong.');
  return createHash('sha256').update(`slack:${seconds}:`).update(expected).digest('hex');
};
