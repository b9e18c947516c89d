/** The one way in for alerts over HTTP: read to a limit, believed or refused, kept in Postgres, and answered; the rest is work of the outbox. */
import type { IncomingMessage } from 'node:http';
import type { AlertSource } from '../core/alerts/types.ts';
import type { Log } from '../lib/log.ts';
import { readRawBody } from '../lib/raw-body.ts';
import type { UseCases } from '../usecases/types.ts';
import type { AlertTrigger, Reading } from './trigger.ts';

/** A full group of Alertmanager is some hundred kB; PagerDuty sends 256 kB at most. */
const BODY_MAX_BYTES = 1_000_000;

export type AlertOutcome = 'received' | 'refused' | 'unreadable' | 'unmapped' | 'asked';
export type AlertCount = { source: AlertSource; outcome: AlertOutcome; count: number };

export type AlertDoorSettings = {
  trigger: AlertTrigger;
  secrets: readonly string[];
  receive: UseCases['receiveAlerts'];
  onAlert(count: AlertCount): void;
  log: Log;
};

export type HookAnswer = { status: number; body: { error: string; message: string } | Record<string, number | string> };

type Refused = { status: 400 | 401 | 413; error: string; message: string };

const parse = (body: Buffer): { value: unknown } | null => {
  try {
    return { value: JSON.parse(body.toString('utf8')) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

type Read = { reading: Exclude<Reading, { problem: string }> } | { refused: Refused };

const refuse = (status: Refused['status'], error: string, message: string): { refused: Refused } => ({
  refused: { status, error, message },
});

const readRequest = async ({ trigger, secrets, log }: AlertDoorSettings, request: IncomingMessage): Promise<Read> => {
  const body = await readRawBody(request, BODY_MAX_BYTES);
  if (body === null)
    return refuse(413, 'too_large', `The body is larger than ${BODY_MAX_BYTES} bytes; send fewer alerts at once.`);
  const hook = { headers: request.headers, body, nowMs: Date.now() };
  const why = trigger.refusalOf(hook, secrets);
  if (why !== null) {
    log.warn({ source: trigger.id, why }, 'an alert was refused');
    return refuse(401, 'not_authentic', `It is not known to be from ${trigger.title}; check ${trigger.variable}.`);
  }
  const parsed = parse(body);
  if (!parsed) return refuse(400, 'not_json', 'The body is no JSON.');
  const reading = trigger.read(parsed.value, hook);
  return 'problem' in reading ? refuse(400, 'unreadable', reading.problem) : { reading };
};

const SHOWN_MAX = 5;

/** Answered with 202 all the same: the source would not send them otherwise, and the others are taken in. */
const countUnreadable = ({ trigger, onAlert, log }: AlertDoorSettings, unreadable: readonly string[]): void => {
  if (unreadable.length === 0) return;
  onAlert({ source: trigger.id, outcome: 'unreadable', count: unreadable.length });
  const why = unreadable.slice(0, SHOWN_MAX);
  log.warn({ source: trigger.id, unreadable: unreadable.length, why }, 'alerts that cannot be read were left out');
};

export const createAlertDoor =
  (settings: AlertDoorSettings) =>
  async (request: IncomingMessage): Promise<HookAnswer> => {
    const { trigger, receive, onAlert } = settings;
    const count = (outcome: AlertOutcome, by = 1): void => {
      if (by > 0) onAlert({ source: trigger.id, outcome, count: by });
    };
    const read = await readRequest(settings, request);
    if ('refused' in read) {
      const { status, ...body } = read.refused;
      count('refused');
      return { status, body };
    }
    const { reading } = read;
    if ('ignored' in reading) return { status: 202, body: { ignored: reading.ignored.slice(0, 100) } };
    const { signals, unreadable = [] } = reading;
    count('received', signals.length);
    countUnreadable(settings, unreadable);
    const { unmapped } = await receive({ signals });
    count('unmapped', unmapped);
    return { status: 202, body: { received: signals.length, unreadable: unreadable.length, unmapped } };
  };
