/** What a refused click, command or form says. One sentence per code, by noun in `sentences/`. */
import type { FreezeOverride } from '../application/requests/request-types.ts';
import { isDomainError } from '../domain/errors.ts';
import type { DomainError, ErrorCode, Facts } from '../domain/errors.ts';
import { newId } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { slackFailureOf } from './connection/failures.ts';
import { FIELD_ERROR_MAX } from './messages/render/limits.ts';
import { inline, plain, unescape } from './messages/render/text.ts';
import { ACCOUNT_SENTENCES } from './sentences/accounts.ts';
import { EXCEPTION_SENTENCES } from './sentences/exceptions.ts';
import { SHOWN_MAX } from './sentences/facts.ts';
import { GRANT_SENTENCES } from './sentences/grants.ts';
import { INCIDENT_SENTENCES } from './sentences/incidents.ts';
import { PERSON_SENTENCES } from './sentences/people.ts';
import { PROBLEM_SENTENCES } from './sentences/problems.ts';
import { REQUEST_SENTENCES } from './sentences/requests.ts';
import { VOTE_SENTENCES } from './sentences/votes.ts';

const SENTENCES = {
  ...PROBLEM_SENTENCES,
  ...REQUEST_SENTENCES,
  ...VOTE_SENTENCES,
  ...GRANT_SENTENCES,
  ...EXCEPTION_SENTENCES,
  ...INCIDENT_SENTENCES,
  ...PERSON_SENTENCES,
  ...ACCOUNT_SENTENCES,
} satisfies Record<ErrorCode, (facts: Facts) => string>;

export const sentenceOf = (error: DomainError): string => SENTENCES[error.code](error.facts);

/** Who may override the freezes that alone denied it, and how; empty where nobody may. */
export const overrideHint = (override: FreezeOverride | null | undefined): string =>
  override
    ? ` One of ${inline(override.by.join(', '), SHOWN_MAX)} may override it for this request, because of an open incident or an alert: \`/prod-access override ${override.id}\``
    : '';

/** The same sentence where Slack formats nothing: under a field of a form. */
export const forField = (sentence: string): string => plain(unescape(sentence).replace(/`/g, ''), FIELD_ERROR_MAX);

/** Slack: docs.slack.dev/reference/methods/views.open: a trigger lives three seconds and opens one view. */
const LATE = new Set(['expired_trigger_id', 'exchanged_trigger_id', 'trigger_expired', 'trigger_exchanged']);

/** The sentence for any error. One we do not know gets an id, which the person sees and the log has. */
export const explainError = (error: unknown, log: Log): string => {
  if (isDomainError(error)) return sentenceOf(error);
  const failure = slackFailureOf(error);
  if (failure && LATE.has(failure.code)) return 'That took too long and Slack gave up waiting. Click again.';
  const errorId = newId().slice(0, 6);
  log.error({ err: error, errorId }, 'a Slack interaction failed');
  return `Something went wrong on our side (error ${errorId}). Look at \`/prod-access list\` before you try again.`;
};
