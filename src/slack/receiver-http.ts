/** Slack over HTTP: one request handler for `POST /slack/events`, which lives on a server of somebody else's. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { verifySlackRequest } from '@slack/bolt';
import type { App, Receiver } from '@slack/bolt';
import type { Log } from '../lib/log.ts';
import { readRawBody } from '../lib/raw-body.ts';

/** Slack's largest payloads are views (250 kB); a form encodes them larger. */
const BODY_MAX_BYTES = 1_500_000;
/** Slack: docs.slack.dev/authentication/verifying-requests-from-slack, "more than five minutes". */
const WINDOW_SECONDS = 300;

export type RequestHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;
export type HttpReceiver = Receiver & { handle: RequestHandler };

class Refused extends Error {
  readonly status: number;
  constructor(status: number, why: string) {
    super(why);
    this.status = status;
  }
}

export const createHttpReceiver = (settings: { signingSecret: string; log: Log }): HttpReceiver => {
  let app: App | null = null;
  const seen = createSeen();
  return {
    init: (given) => {
      app = given;
    },
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    handle: async (req, res) => {
      try {
        const body = await readBody(req);
        verify(settings.signingSecret, req, { body, seen });
        await dispatch(app, req, { res, body });
      } catch (error) {
        refuse(res, error, settings.log);
      }
    },
  };
};

const refuse = (res: ServerResponse, error: unknown, log: Log): void => {
  const status = error instanceof Refused ? error.status : 500;
  if (status === 500) log.error({ err: error }, 'a request of Slack failed');
  else
    log.warn(
      { status, why: error instanceof Error ? error.message : '' },
      'a request to the Slack address was refused',
    );
  if (!res.headersSent) send(res, status, '');
};

const readBody = async (req: IncomingMessage): Promise<string> => {
  const body = await readRawBody(req, BODY_MAX_BYTES);
  if (body === null) throw new Refused(413, 'the body is too large');
  return body.toString('utf8');
};

type Seen = { isNew(signature: string, untilSeconds: number): boolean };

/** Signatures are Slack's, so nobody else can fill this; each is kept as long as its timestamp would be accepted. */
const createSeen = (): Seen => {
  const until = new Map<string, number>();
  return {
    isNew: (signature, untilSeconds) => {
      const now = Date.now() / 1000;
      for (const [old, end] of until) {
        if (end >= now) break;
        until.delete(old);
      }
      if (until.has(signature)) return false;
      until.set(signature, untilSeconds);
      return true;
    },
  };
};

const header = (req: IncomingMessage, name: string): string => {
  const value = req.headers[name];
  return typeof value === 'string' ? value : '';
};

const verify = (signingSecret: string, req: IncomingMessage, { body, seen }: { body: string; seen: Seen }): void => {
  const signature = header(req, 'x-slack-signature');
  const stamp = header(req, 'x-slack-request-timestamp');
  if (!signature || !/^\d{1,12}$/.test(stamp)) throw new Refused(401, 'it is not signed');
  const seconds = Number(stamp);
  // Bolt refuses what is too old; a time in the future would let a signature be replayed for longer.
  if (seconds > Date.now() / 1000 + WINDOW_SECONDS) throw new Refused(401, 'its time lies in the future');
  try {
    verifySlackRequest({
      signingSecret,
      body,
      headers: { 'x-slack-signature': signature, 'x-slack-request-timestamp': seconds },
    });
  } catch (error) {
    throw new Refused(401, error instanceof Error ? error.message : 'the signature is wrong');
  }
  if (!seen.isNew(signature, seconds + WINDOW_SECONDS)) throw new Refused(401, 'it is a replay');
};

type Payload = Record<string, unknown>;

const parse = (contentType: string, body: string): Payload => {
  try {
    if (contentType.startsWith('application/json')) return JSON.parse(body) as Payload;
    const form = Object.fromEntries(new URLSearchParams(body));
    return typeof form.payload === 'string' ? (JSON.parse(form.payload) as Payload) : form;
  } catch (error) {
    throw new Refused(400, error instanceof Error ? error.message : 'the body cannot be read');
  }
};

const dispatch = async (
  app: App | null,
  req: IncomingMessage,
  { res, body }: { res: ServerResponse; body: string },
): Promise<void> => {
  const payload = parse(header(req, 'content-type'), body);
  if (payload.type === 'url_verification') return send(res, 200, { challenge: payload.challenge });
  if (payload.ssl_check === '1') return send(res, 200, '');
  if (!app) throw new Refused(503, 'Slack is not connected yet');
  const retryNum = Number(header(req, 'x-slack-retry-num'));
  await app.processEvent({
    body: payload,
    ...(retryNum > 0 ? { retryNum, retryReason: header(req, 'x-slack-retry-reason') } : {}),
    ack: async (answer?: unknown) => {
      if (!res.headersSent) send(res, 200, answer ?? '');
    },
  });
  // Nobody wanted it: Slack must not send it again, and a person must not be told that it worked.
  if (!res.headersSent) send(res, 404, '');
};

const send = (res: ServerResponse, status: number, answer: unknown): void => {
  const isText = typeof answer === 'string';
  res.writeHead(status, { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8' });
  res.end(isText ? answer : JSON.stringify(answer));
};
