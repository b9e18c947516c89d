/** The one way in for alerts over HTTP: read to a limit, believed or refused, kept in Postgres, and answered; the rest is work of the outbox. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AlertSource } from '../../domain/alerts/types.ts';
import type { Log } from '../../lib/log.ts';
import { createRarely } from '../../lib/rarely.ts';
import type { Rarely } from '../../lib/rarely.ts';
import { readRawBody } from '../../lib/raw-body.ts';
import type { BodyProblem } from '../../lib/raw-body.ts';
import type { Replays } from '../../application/record/replay-ports.ts';
import type { UseCases } from '../../application/verbs.ts';
import { NOT_JSON, jsonIn } from './hook-answers.ts';
import type { HookAnswer } from './hook-answers.ts';
import type { AlertTrigger, HookRequest } from './source.ts';

/** A full group of Alertmanager is some hundred kB; PagerDuty sends 256 kB at most. */
const BODY_MAX_BYTES = 1_000_000;

export type AlertOutcome = 'received' | 'refused' | 'unreadable' | 'unmapped' | 'repeated' | 'asked';
export type AlertCount = { source: AlertSource; outcome: AlertOutcome; count: number };

export type WebhookHandlerSettings = {
  trigger: AlertTrigger;
  secrets: readonly string[];
  receive: UseCases['receiveAlerts'];
  replays: Replays;
  onAlert(count: AlertCount): void;
  log: Log;
};

type Refused = { status: 400 | 401 | 408 | 413 | 503; error: string; message: string };

const refuse = (status: Refused['status'], error: string, message: string): { refused: Refused } => ({
  refused: { status, error, message },
});

const BODY_REFUSALS: Record<BodyProblem, { refused: Refused }> = {
  too_large: refuse(413, 'too_large', `The body is larger than ${BODY_MAX_BYTES} bytes; send fewer alerts at once.`),
  busy: refuse(503, 'busy', 'There are too many large requests at the moment; send it again.'),
  cut_off: refuse(408, 'cut_off', 'The body did not arrive.'),
};

type Door = WebhookHandlerSettings & { rarely: Rarely };

/** Anybody can send what is refused, so that is written rarely. */
const disbelieve = ({ trigger, log, rarely }: Door, why: string): { refused: Refused } => {
  rarely(why, (leftOut) => log.warn({ source: trigger.id, why, leftOut }, 'an alert was refused'));
  return refuse(401, 'not_authentic', `It is not known to be from ${trigger.title}; check ${trigger.variable}.`);
};

/** `key` names what was verified; null where its source says the same again and means it. */
type Believed = { value: unknown; hook: HookRequest; key: string | null; believedMs: number };

const believe = async (door: Door, request: IncomingMessage): Promise<Believed | { refused: Refused }> => {
  const { trigger, secrets } = door;
  const { headers } = request;
  const early = trigger.headersRefusalOf({ headers, nowMs: Date.now() }, secrets);
  if (early !== null) return disbelieve(door, early);
  const read = await readRawBody(request, BODY_MAX_BYTES);
  if ('problem' in read) return BODY_REFUSALS[read.problem];
  const hook = { headers, body: read.body, nowMs: Date.now() };
  const why = trigger.refusalOf(hook, secrets);
  if (why !== null) return disbelieve(door, why);
  const parsed = jsonIn(hook.body);
  if (!parsed) return refuse(400, 'not_json', NOT_JSON);
  const signed = trigger.signedOf?.(hook) ?? null;
  const hash = createHash('sha256')
    .update(`${trigger.id}:${signed?.stamp ?? ''}:`)
    .update(hook.body)
    .digest('hex');
  return { ...parsed, hook, key: signed && hash, believedMs: signed?.believedMs ?? 0 };
};

/** Where Postgres does not say, it is taken in: sources send again what got no answer, and the same said twice changes nothing. */
const isRepeated = ({ replays }: Door, { key }: Believed): Promise<boolean> =>
  key === null ? Promise.resolve(false) : replays.isKnown(key).catch(() => false);

/** Noted when it was taken in, not before: what failed comes again with the same signature. */
const note = async ({ replays, log }: Door, { key, believedMs }: Believed): Promise<void> => {
  if (key === null) return;
  try {
    await replays.claim(key, believedMs);
  } catch (error) {
    log.warn({ error: error instanceof Error ? error.message : String(error) }, 'a signed alert could not be noted');
  }
};

const SHOWN_MAX = 5;

/** Answered with 202 all the same: the source would not send them otherwise, and the others are taken in. */
const countUnreadable = ({ trigger, onAlert, log }: WebhookHandlerSettings, unreadable: readonly string[]): void => {
  if (unreadable.length === 0) return;
  onAlert({ source: trigger.id, outcome: 'unreadable', count: unreadable.length });
  const why = unreadable.slice(0, SHOWN_MAX);
  log.warn({ source: trigger.id, unreadable: unreadable.length, why }, 'alerts that cannot be read were left out');
};

const applyChannelState = async (
  door: Door,
  believed: Believed,
  count: (outcome: AlertOutcome, by?: number) => void,
): Promise<HookAnswer> => {
  const reading = door.trigger.read(believed.value, believed.hook);
  if ('problem' in reading) {
    count('refused');
    return { status: 400, body: { error: 'unreadable', message: reading.problem } };
  }
  if ('ignored' in reading) return { status: 202, body: { ignored: reading.ignored.slice(0, 100) } };
  const { signals, unreadable = [] } = reading;
  if (await isRepeated(door, believed)) {
    count('repeated', signals.length);
    return { status: 202, body: { repeated: signals.length } };
  }
  count('received', signals.length);
  countUnreadable(door, unreadable);
  const { unmapped } = await door.receive({ signals });
  count('unmapped', unmapped);
  await note(door, believed);
  return { status: 202, body: { received: signals.length, unreadable: unreadable.length, unmapped } };
};

export const createWebhookHandler = (
  settings: WebhookHandlerSettings,
): ((request: IncomingMessage) => Promise<HookAnswer>) => {
  const door: Door = { ...settings, rarely: createRarely() };
  const count = (outcome: AlertOutcome, by = 1): void => {
    if (by > 0) settings.onAlert({ source: settings.trigger.id, outcome, count: by });
  };
  return async (request) => {
    const believed = await believe(door, request);
    if (!('refused' in believed)) return applyChannelState(door, believed, count);
    const { status, ...body } = believed.refused;
    count('refused');
    return { status, body };
  };
};
