/**
 * `POST /hooks/github`: believed by its SHA-256 signature alone, looked at before anything is parsed, kept before it is answered.
 * docs.github.com, "Validating webhook deliveries": 10 seconds for an answer, and no repeat unless somebody starts it. Headers are not signed, so
 * the body alone says which delivery it is.
 */
import type { IncomingMessage } from 'node:http';
import { deliveryIdOf } from '../../domain/github/delivery-id.ts';
import { parseEvent } from '../../domain/github/parse-event.ts';
import type { GithubEvent } from '../../domain/github/events.ts';
import type { Log } from '../../lib/log.ts';
import { createRarely } from '../../lib/rarely.ts';
import { readRawBody } from '../../lib/raw-body.ts';
import { NOT_JSON, bodyRefusals, isTooDeep, jsonIn, refusal } from './hook-answers.ts';
import { headerOf, hmacHex, isAnyOf } from './source.ts';
import type { HookAnswer } from './hook-answers.ts';

/** GitHub sends up to 25 MB; a pull request with a long description is some hundred kB. */
const BODY_MAX_BYTES = 5_000_000;
const DELIVERY = /^[\w-]{1,100}$/;
const SIGNATURE = /^sha256=[0-9a-f]{64}$/;

export type GithubHookSettings = {
  secrets: readonly string[];
  receive(delivery: { id: string; event: GithubEvent }): Promise<boolean>;
  log: Log;
};

const BODY_REFUSALS = bodyRefusals(BODY_MAX_BYTES);

const NOT_AUTHENTIC = refusal(
  401,
  'not_authentic',
  'It is not known to be from GitHub; check LATCHKEY_GITHUB_WEBHOOK_SECRET.',
);

export const createGithubHook = ({ secrets, receive, log }: GithubHookSettings) => {
  const rarely = createRarely();
  const disbelieve = (why: string): HookAnswer => {
    rarely(why, (leftOut) => log.warn({ why, leftOut }, 'a delivery of GitHub was refused'));
    return NOT_AUTHENTIC;
  };
  const take = async (name: string, payload: unknown): Promise<HookAnswer> => {
    const parsed = parseEvent(name, payload);
    if ('ignored' in parsed) return { status: 202, body: { ignored: parsed.ignored } };
    if ('problem' in parsed) {
      log.warn({ event: name, why: parsed.problem }, 'a delivery of GitHub cannot be read');
      return refusal(400, 'unreadable', parsed.problem);
    }
    const isNew = await receive({ id: deliveryIdOf(payload), event: parsed.event });
    return { status: 202, body: isNew ? { received: 1 } : { repeated: 1 } };
  };
  return async (request: IncomingMessage): Promise<HookAnswer> => {
    const { headers } = request;
    const signature = headerOf(headers, 'x-hub-signature-256');
    if (!SIGNATURE.test(signature)) return disbelieve('it has no SHA-256 signature');
    const read = await readRawBody(request, BODY_MAX_BYTES);
    if ('problem' in read) return BODY_REFUSALS[read.problem];
    const made = secrets.map((secret) => `sha256=${hmacHex(secret, read.body)}`);
    if (!isAnyOf(signature, made)) return disbelieve('its signature is wrong');
    const id = headerOf(headers, 'x-github-delivery');
    if (!DELIVERY.test(id)) return refusal(400, 'no_delivery', 'X-GitHub-Delivery is missing.');
    if (isTooDeep(read.body)) return refusal(400, 'unreadable', 'The body is nested too deeply.');
    const payload = jsonIn(read.body);
    if (!payload) return refusal(400, 'not_json', NOT_JSON);
    return take(headerOf(headers, 'x-github-event'), payload.value);
  };
};
