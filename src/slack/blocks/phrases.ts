/** Sentences about one request, drawn from what the database says; every message is made of these. */
import type { Grant, Json, Request } from '../../core/types.ts';
import { formatDuration } from '../../core/durations.ts';
import type { RequestView } from '../../usecases/ports.ts';
import type { Asked, MessageFacts } from './facts.ts';
import {
  ERROR_SHOWN_MAX,
  GROUPS_SHOWN_MAX,
  MENTIONS_MAX,
  RULE_SHOWN_MAX,
  SCOPE_SHOWN_MAX,
  TICKET_SHOWN_MAX,
  TITLE_SHOWN_MAX,
  VOTE_REASON_SHOWN_MAX,
  WARNING_SHOWN_MAX,
} from './limits.ts';
import { date, inline, mention, sentenceList } from './text.ts';

/** `*Orders database · Read only*` */
export const what = (
  view: { request: Pick<Request, 'target' | 'role'> },
  facts: Pick<MessageFacts, 'target' | 'role'>,
): string => {
  const target = inline(facts.target?.title || view.request.target, TITLE_SHOWN_MAX);
  const role = inline(facts.role?.title || view.request.role, TITLE_SHOWN_MAX);
  return `*${target} · ${role}*`;
};

export const howLong = (view: Pick<RequestView, 'request'>): string => formatDuration(view.request.durationMs);

/** `one of owners (@dana, @omar)`; a person asked for by name stands alone. */
export const oneOf = ({ label, count, people }: Asked): string => {
  const name = inline(label, TITLE_SHOWN_MAX);
  const amount = count === 1 ? 'one of' : `${count} of`;
  const isShown = people.length > 0 && people.length <= MENTIONS_MAX;
  return isShown ? `${amount} ${name} (${people.map(mention).join(', ')})` : `${amount} ${name}`;
};

export const ruleName = (rule: string | null): string =>
  rule === null ? 'no rule' : `_${inline(rule, RULE_SHOWN_MAX)}_`;

/** `Rule _Writes need an owner_ asks one of owners and one of sre.` */
export const whoIsAsked = ({ request }: Pick<RequestView, 'request'>, facts: Pick<MessageFacts, 'asked'>): string => {
  const asked = facts.asked ?? request.requirements.map(({ label, count }) => ({ label, count, people: [] }));
  if (asked.length === 0) return `Rule ${ruleName(request.rule)} decides.`;
  const order = request.isInOrder ? ', in this order' : '';
  return `Rule ${ruleName(request.rule)} asks ${sentenceList(asked.map(oneOf))}${order}.`;
};

export const votesSoFar = ({ votes, request }: RequestView, facts: Pick<MessageFacts, 'missing'>): string | null => {
  const agreed = votes.filter(({ kind }) => kind === 'approve').map(({ voter }) => mention(voter));
  const lines = agreed.length > 0 ? [`Agreed: ${sentenceList(agreed)}.`] : [];
  if (request.state === 'pending' && facts.missing && facts.missing.length > 0 && agreed.length > 0) {
    lines.push(`Still needed: ${sentenceList(facts.missing.map((one) => oneOf({ ...one, people: [] })))}.`);
  }
  return lines.length > 0 ? lines.join(' ') : null;
};

const words = (value: Json): string => {
  if (Array.isArray(value)) return value.map(words).join(', ');
  if (value !== null && typeof value === 'object') return scopeWords(value);
  return String(value);
};

const scopeWords = (scope: { [key: string]: Json }): string =>
  Object.entries(scope)
    .map(([key, value]) => `${key.replace(/_/g, ' ')} ${words(value)}`)
    .join('; ');

/** What the role allows, as the policy says it to the provider: `member of app_read`. */
export const allows = ({ role }: Pick<MessageFacts, 'role'>): string | null => {
  if (role === null || role.scope === null) return null;
  const text =
    typeof role.scope === 'object' && !Array.isArray(role.scope) ? scopeWords(role.scope) : words(role.scope);
  return text ? inline(text, SCOPE_SHOWN_MAX) : null;
};

export const warning = ({ target, role }: Pick<MessageFacts, 'target' | 'role'>): string | null => {
  const lines = [
    target?.warning ? inline(target.warning, WARNING_SHOWN_MAX) : null,
    role?.isSensitive ? 'Sensitive role.' : null,
  ];
  const known = lines.filter((line) => line !== null);
  return known.length > 0 ? `*Careful:* ${known.join(' ')}` : null;
};

export const ticket = ({ request }: Pick<RequestView, 'request'>): string | null =>
  request.ticket ? `Ticket ${inline(request.ticket, TICKET_SHOWN_MAX)}` : null;

export const groups = (names: string[] | null): string | null =>
  names && names.length > 0 ? inline(names.join(', '), GROUPS_SHOWN_MAX) : null;

const lastError = (grant: Grant): string => (grant.lastError ? ` ${inline(grant.lastError, ERROR_SHOWN_MAX)}` : '');

const decidedBy = ({ decision, decidedBy: person }: RequestView): string =>
  person ? mention(person) : `rule ${ruleName(decision?.rule ?? null)}`;

const howDecided = (view: RequestView): string =>
  view.request.isBreakGlass ? 'Taken by break-glass, without approval.' : `Approved by ${decidedBy(view)}.`;

const because = (reason: string | null | undefined): string =>
  reason ? ` ${inline(reason, VOTE_REASON_SHOWN_MAX)}` : '';

const denied = (view: RequestView): string => {
  const given = view.decision?.reason ?? view.votes.find(({ kind }) => kind === 'deny')?.reason;
  return `*Denied* by ${decidedBy(view)}.${because(given)}`;
};

const endCause = ({ grant, endedBy, requester }: RequestView): string => {
  const by = endedBy ? ` by ${mention(endedBy)}` : '';
  if (grant?.endCause === 'done') return endedBy?.id === requester.id ? ' given back' : ` given back${by}`;
  if (grant?.endCause === 'revoked') return ` revoked${by}`;
  if (grant?.endCause === 'abandoned') return ' given up';
  return ' its time was over';
};

/** Says removed only when absence was read back from the target. */
const ended = (view: RequestView, grant: Grant): string => {
  const at = grant.endedAt ? ` ${date(grant.endedAt)}` : '';
  const truth =
    grant.endOutcome === 'already_absent'
      ? 'It was already gone when Latchkey came to remove it.'
      : 'Removed, and confirmed by the target.';
  return `*Ended*${at}:${endCause(view)}. ${truth}${grant.endReason ? because(grant.endReason) : ''}`;
};

const approvedBold = (view: RequestView): string => howDecided(view).replace(/^\w+/, '*$&*');

const activating = (view: RequestView, grant: Grant): string =>
  grant.attempts > 0
    ? `${approvedBold(view)} Access is not set up yet; trying again.${lastError(grant)}`
    : `${approvedBold(view)} Access is being set up.`;

const grantLine = (view: RequestView, grant: Grant): string => {
  const lines = {
    activating: () => activating(view, grant),
    active: () => `*Active* until ${date(grant.expiresAt, view.now)}. ${howDecided(view)}`,
    ending: () =>
      grant.attempts > 0
        ? `*Still being ended, not yet confirmed.* Attempt ${grant.attempts} failed; trying again.${lastError(grant)}`
        : '*Being ended*, not yet confirmed.',
    ended: () => ended(view, grant),
    failed: () => `*Not set up*, nobody got in. ${howDecided(view)}${lastError(grant)}`,
  } satisfies Record<Grant['state'], () => string>;
  return lines[grant.state]();
};

/** One line that says where the request stands, in words that the database bears out. */
export const status = (view: RequestView): string => {
  const lines = {
    pending: () => `*Waiting for approval* until ${date(view.request.lapsesAt, view.now)}.`,
    denied: () => denied(view),
    cancelled: () => `*Cancelled* by ${mention(view.requester)}.`,
    lapsed: () => (view.decision ? '*Lapsed*: approved, but not used in time.' : '*Lapsed*: nobody decided in time.'),
    approved: () => (view.grant ? grantLine(view, view.grant) : `*Approved* by ${decidedBy(view)}.`),
  } satisfies Record<RequestView['request']['state'], () => string>;
  return lines[view.request.state]();
};

/** One calm mark per state, drawn as text so that it looks alike everywhere. */
export const mark = ({ request, grant }: RequestView): string => {
  if (request.state === 'pending') return '◌';
  if (request.state === 'denied' || grant?.state === 'failed') return '✕';
  if (grant && grant.state !== 'ended') return '●';
  return '○';
};
