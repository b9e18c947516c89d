/** Slack over HTTP: one request handler for `POST /slack/events`, which lives on a server of somebody else's. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { App, Receiver } from '@slack/bolt';
import type { Log } from '../../lib/log.ts';
import { createRarely } from '../../lib/rarely.ts';
import type { Rarely } from '../../lib/rarely.ts';
import { readRawBody } from '../../lib/raw-body.ts';
import type { BodyProblem } from '../../lib/raw-body.ts';
import type { Replays } from '../../application/record/replay-ports.ts';
import { createOnce } from './once.ts';
import type { Once } from './once.ts';
import { Refused } from './refused.ts';
import { WINDOW_SECONDS, headerOf, readSigned, verify } from './signature.ts';

/** Slack's largest payloads are views (250 kB); a form encodes them larger. */
const BODY_MAX_BYTES = 1_500_000;

export type RequestHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;
export type HttpReceiver = Receiver & { handle: RequestHandler };
export type HttpReceiverSettings = {
  signingSecret: string;
  replays: Replays;
  /** Slack says that it leaves events out. */
  onEventsLeftOut: () => void;
  log: Log;
};

type Payload = Record<string, unknown>;
type Receiving = Pick<HttpReceiverSettings, 'onEventsLeftOut' | 'log'> & {
  app: App | null;
  once: Once;
  rarely: Rarely;
};

export const createHttpReceiver = (settings: HttpReceiverSettings): HttpReceiver => {
  const { signingSecret, replays, onEventsLeftOut, log } = settings;
  const receiving: Receiving = {
    app: null,
    once: createOnce(replays, log),
    onEventsLeftOut,
    log,
    rarely: createRarely(),
  };
  return {
    init: (given) => {
      receiving.app = given;
    },
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    handle: async (req, res) => {
      try {
        const signed = readSigned(req, Date.now());
        const parse = parserFor(headerOf(req, 'content-type'));
        const body = await readBody(req);
        const key = verify(signingSecret, signed, body);
        await answer(receiving, { req, res, payload: parse(body), key, untilSeconds: signed.seconds + WINDOW_SECONDS });
      } catch (error) {
        refuse(receiving, res, error);
      }
    },
  };
};

/** Anybody can be refused, so that is written rarely; what failed here was signed by Slack. */
const refuse = ({ log, rarely }: Receiving, res: ServerResponse, error: unknown): void => {
  const { status, message } = error instanceof Refused ? error : { status: 500, message: '' };
  if (status === 500) log.error({ err: error }, 'a request of Slack failed');
  else
    rarely(message, (leftOut) =>
      log.warn({ status, why: message, leftOut }, 'a request to the Slack address was refused'),
    );
  if (!res.headersSent) send(res, status, message);
};

const BODY_REFUSALS: Record<BodyProblem, [status: number, why: string]> = {
  too_large: [413, `The body is larger than ${BODY_MAX_BYTES} bytes.`],
  busy: [503, 'There are too many large requests at the moment.'],
  cut_off: [408, 'The body did not arrive.'],
};

const readBody = async (req: IncomingMessage): Promise<Buffer> => {
  const read = await readRawBody(req, BODY_MAX_BYTES);
  if ('body' in read) return read.body;
  throw new Refused(...BODY_REFUSALS[read.problem]);
};

const parseJson = (text: string): Payload => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Payload;
  throw new Refused(400, 'The body is no JSON object.');
};

const parseForm = (text: string): Payload => {
  const form = Object.fromEntries(new URLSearchParams(text));
  return typeof form['payload'] === 'string' ? parseJson(form['payload']) : form;
};

const parserFor = (contentType: string): ((body: Buffer) => Payload) => {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json') return (body) => parseJson(body.toString('utf8'));
  if (type === 'application/x-www-form-urlencoded') return (body) => parseForm(body.toString('utf8'));
  throw new Refused(415, 'The content type is neither application/json nor application/x-www-form-urlencoded.');
};

type Taken = { req: IncomingMessage; res: ServerResponse; payload: Payload; key: string; untilSeconds: number };

/** More than 30,000 in an hour, or deliveries failed for long. Slack: docs.slack.dev/reference/events/app_rate_limited */
const LEFT_OUT = 'app_rate_limited';

const answer = async ({ app, once, onEventsLeftOut }: Receiving, taken: Taken): Promise<void> => {
  const { res, payload, key, untilSeconds } = taken;
  if (payload['type'] === 'url_verification') return answerChallenge(res, payload['challenge']);
  if (payload['ssl_check'] === '1') return send(res, 200, '');
  if (payload['type'] === LEFT_OUT) {
    onEventsLeftOut();
    return send(res, 200, '');
  }
  if (!app) throw new Refused(503, 'Slack is not connected yet.');
  if (!(await once.take(key, untilSeconds))) throw new Refused(401, 'The request was taken before.');
  try {
    await dispatch(app, taken);
  } catch (error) {
    if (!res.headersSent) once.giveBack(key);
    throw error;
  }
};

const answerChallenge = (res: ServerResponse, challenge: unknown): void => {
  if (typeof challenge !== 'string') throw new Refused(400, 'The challenge is no text.');
  send(res, 200, { challenge });
};

/** These headers are not part of what is signed, so only their known form counts. */
const retryOf = (req: IncomingMessage): { retryNum?: number; retryReason?: string } => {
  const retryNum = headerOf(req, 'x-slack-retry-num');
  const retryReason = headerOf(req, 'x-slack-retry-reason');
  if (!/^[1-9]\d?$/.test(retryNum)) return {};
  return { retryNum: Number(retryNum), ...(/^[a-z_]{1,50}$/.test(retryReason) && { retryReason }) };
};

const dispatch = async (app: App, { req, res, payload }: Taken): Promise<void> => {
  await app.processEvent({
    body: payload,
    ...retryOf(req),
    ack: async (answer?: unknown) => {
      if (!res.headersSent) send(res, 200, answer ?? '');
    },
  });
  // Nobody wanted it: Slack must not send it again, and a person must not be shown that it worked.
  if (!res.headersSent) send(res, 404, '');
};

const send = (res: ServerResponse, status: number, answer: unknown): void => {
  const isText = typeof answer === 'string';
  res.writeHead(status, { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8' });
  res.end(isText ? answer : JSON.stringify(answer));
};
