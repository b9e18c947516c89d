/** Sentences about one request, drawn from what the database says; every message is made of these. */
import type { EndOutcome } from '../../../domain/grants/ending.ts';
import type { Grant } from '../../../domain/grants/grant.ts';
import type { Json } from '../../../domain/json.ts';
import type { Request, RequestChange } from '../../../domain/requests/request.ts';
import type { Role } from '../../../domain/policy/types.ts';
import { doubtText } from '../../../domain/principals/email-bindings.ts';
import { formatDuration } from '../../../domain/time/durations.ts';
import { endWithIncident } from '../../../domain/grants/ending.ts';
import { isHeld } from '../../../application/grants/hold.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { Asked, MessageFacts } from './facts.ts';
import {
  CHANGES_SHOWN_MAX,
  DOUBTS_SHOWN_MAX,
  ERROR_SHOWN_MAX,
  GROUPS_SHOWN_MAX,
  MENTIONS_MAX,
  RULE_SHOWN_MAX,
  SCOPE_SHOWN_MAX,
  REMAINS_SHOWN_MAX,
  SURVIVES_SHOWN_MAX,
  TICKET_SHOWN_MAX,
  TITLE_SHOWN_MAX,
  VOTE_REASON_SHOWN_MAX,
  WARNING_SHOWN_MAX,
} from './limits.ts';
import { moveLine, oldEnd } from './moves.ts';
import { date, inline, mention, sentenceList } from './text.ts';
import { pluralize } from '../../../lib/pluralize.ts';

/** `*Orders database · Read only*` */
export const what = (
  view: { request: Pick<Request, 'target' | 'role'> },
  facts: Pick<MessageFacts, 'target' | 'role'>,
): string => {
  const target = inline(facts.target?.title || view.request.target, TITLE_SHOWN_MAX);
  const role = inline(facts.role?.title || view.request.role, TITLE_SHOWN_MAX);
  return `*${target} · ${role}*`;
};

/** `30m`, or `30m more`, and from when where it does not begin at once. */
export const howLong = ({ request }: Pick<RequestView, 'request'>): string =>
  request.extendsByMs !== null
    ? `${formatDuration(request.extendsByMs)} more`
    : `${formatDuration(request.durationMs)}${request.startsAt ? ` from ${date(request.startsAt)}` : ''}`;

/** As a list says it: with every extension, the time that the access has in all. */
export const howLongInAll = (view: Pick<RequestView, 'request' | 'grant'>): string =>
  view.grant && view.grant.extensions > 0 ? formatDuration(view.grant.durationMs) : howLong(view);

/** Approved, and its start lies ahead. */
export const isAhead = ({ grant, now }: Pick<RequestView, 'grant' | 'now'>): boolean =>
  grant?.state === 'activating' && grant.startsAt !== null && now < grant.startsAt;

/** Members who are here and asked, then those who stand in for such members who are away. */
const present = ({ people, quiet = [], away = [], standIns = [] }: Asked): string[] => {
  const isLeftInPeace = new Set([...away.map(({ personId }) => personId), ...quiet.map(({ id }) => id)]);
  const here = people.filter(({ id }) => !isLeftInPeace.has(id));
  // Who may decide anyway is not named a second time for somebody else.
  const isHere = new Set(here.map(({ id }) => id));
  return [
    ...here.map(mention),
    ...standIns
      .filter((one) => !one.isAway && !isHere.has(one.delegate.id) && !quiet.some(({ id }) => id === one.absent.id))
      .map(({ delegate, absent }) => `${mention(delegate)} for ${inline(absent.name, TITLE_SHOWN_MAX)}`),
  ];
};

const notLookedUp = ({ unknown = [], unreadable = [] }: Asked): string | null => {
  if (unreadable.length > 0)
    return `${inline(unreadable.join(', '), TITLE_SHOWN_MAX)} cannot be looked up until an admin fixes it`;
  return unknown.length > 0 ? `${inline(unknown.join(', '), TITLE_SHOWN_MAX)} could not be looked up just now` : null;
};

/** An address nobody has is left to `explain`: people leave, and the policy names them for a while. */
const notCertain = ({ doubts = [] }: Asked): string | null => {
  const said = doubts.filter(({ doubt }) => doubt !== 'unheld').map(({ address, doubt }) => doubtText(address, doubt));
  return said.length > 0 ? inline(said.join(', '), DOUBTS_SHOWN_MAX) : null;
};

/** `one of owners (@dana, @omar for Olga and 3 others may too)`: at most a few are mentioned, and nobody who is away or may decide unasked. */
export const oneOf = (asked: Asked): string => {
  const name = inline(asked.label, TITLE_SHOWN_MAX);
  const amount = asked.count === 1 ? 'one of' : `${asked.count} of`;
  const shown = present(asked).slice(0, MENTIONS_MAX);
  const everyone = new Set(
    [...asked.people, ...(asked.standIns ?? []).map(({ delegate }) => delegate)].map(({ id }) => id),
  );
  const rest = everyone.size - shown.length;
  const others = rest > 0 ? ` and ${pluralize(rest, 'other')} may too` : '';
  const allAway = (asked.away?.length ?? 0) > 0 ? 'all away now' : null;
  const unasked = asked.quiet?.length ? `${asked.quiet.length} may, unasked` : null;
  const who = shown.length > 0 ? `${shown.join(', ')}${others}` : (unasked ?? allAway);
  const inside = [who, notLookedUp(asked), notCertain(asked)].filter((part) => part !== null);
  return inside.length > 0 ? `${amount} ${name} (${inside.join('; ')})` : `${amount} ${name}`;
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

/** Person ids are `<team>:<user>`. */
const mentionId = (personId: string): string => mention({ userId: personId.split(':').at(-1) ?? personId });

const agreedBy = ({ voter, inSteadOf }: RequestView['votes'][number]): string =>
  inSteadOf ? `${mention(voter)} for ${mentionId(inSteadOf)}` : mention(voter);

/** `Nobody answered for 15m, so one of security (@sam) may decide too.` */
export const escalation = ({ request }: Pick<RequestView, 'request'>, { fallback }: MessageFacts): string | null => {
  if (!request.escalatedAt) return null;
  const others = fallback ? oneOf(fallback) : 'somebody else';
  const silence = request.escalateAfterMs === null ? 'too long' : formatDuration(request.escalateAfterMs);
  return `*Nobody answered for ${silence}*, so ${others} may decide too.`;
};

const terms = (role: Role | null | undefined, { role: name, durationMs }: RequestChange['before']): string =>
  `${inline(role?.title || name, TITLE_SHOWN_MAX)} for ${formatDuration(durationMs)}`;

/** `@olga made it smaller: Read-write for 1h → Read only for 30m. The replica will do.` */
export const changeLine = (change: RequestChange, { target }: Pick<MessageFacts, 'target'>): string => {
  const [before, after] = [change.before, change.after].map((one) => terms(target?.roles[one.role], one));
  const note = change.note ? ` ${inline(change.note, VOTE_REASON_SHOWN_MAX)}` : '';
  return `${mentionId(change.byPersonId)} agreed to less: ${before} → *${after}*.${note}`;
};

/** The latest few; the audit log has them all. */
export const changeLines = ({ request }: Pick<RequestView, 'request'>, facts: MessageFacts): string[] =>
  request.changes.slice(-CHANGES_SHOWN_MAX).map((change) => changeLine(change, facts));

export const votesSoFar = (
  { votes, request }: RequestView,
  facts: Pick<MessageFacts, 'missing' | 'ahead'>,
): string | null => {
  const ahead = facts.ahead.map((person) => `${inline(person.name, TITLE_SHOWN_MAX)} (ahead of time)`);
  const agreed = [...votes.filter(({ kind }) => kind === 'approve').map(agreedBy), ...ahead];
  const lines = agreed.length > 0 ? [`Agreed: ${sentenceList(agreed)}.`] : [];
  if (request.state === 'pending' && facts.missing && facts.missing.length > 0 && agreed.length > 0) {
    lines.push(`Still needed: ${sentenceList(facts.missing.map((one) => oneOf({ ...one, people: [] })))}.`);
  }
  return lines.length > 0 ? lines.join(' ') : null;
};

/** The same, where the status does not name the approvers anyway: nothing is said twice. */
export const votesBeside = (view: RequestView, facts: Pick<MessageFacts, 'missing' | 'ahead'>): string | null => {
  const agreed = view.votes.filter(({ kind }) => kind === 'approve');
  const said = view.request.state === 'pending' ? '' : status(view);
  const isSaid =
    facts.ahead.length === 0 && agreed.every(({ voter, inSteadOf }) => !inSteadOf && said.includes(mention(voter)));
  return isSaid ? null : votesSoFar(view, facts);
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

/** What the end of this access cannot do in its target; approvers and the requester read it before, and it is said again at the end. */
export const notCut = ({ guarantee }: Pick<MessageFacts, 'guarantee'>): string | null =>
  guarantee?.survives ? `*Not cut at the end:* ${inline(guarantee.survives, SURVIVES_SHOWN_MAX)}` : null;

/** What the requester could leave in the target, which no end takes back; as it is recorded with the request. */
export const mayRemain = (sentences: readonly string[]): string | null =>
  sentences.length > 0 ? `*May stay:* ${inline([...new Set(sentences)].join(' '), REMAINS_SHOWN_MAX)}` : null;

/** For approvers: who closes it at its deadline, where that is not the target and Latchkey both. */
export const whoEnds = ({ guarantee }: Pick<MessageFacts, 'guarantee'>): string | null => {
  if (guarantee?.endsBy === 'revoke') return 'The target has no deadline of its own for it: Latchkey ends it.';
  return guarantee?.endsBy === 'itself' ? 'The target ends it at its deadline, and not before.' : null;
};

export const ticket = ({ request }: Pick<RequestView, 'request'>): string | null =>
  request.ticket ? `Ticket ${inline(request.ticket, TICKET_SHOWN_MAX)}` : null;

export const groups = (names: string[] | null): string | null =>
  names && names.length > 0 ? inline(names.join(', '), GROUPS_SHOWN_MAX) : null;

const lastError = (grant: Grant): string => (grant.lastError ? ` ${inline(grant.lastError, ERROR_SHOWN_MAX)}` : '');

/** All whose votes made it, not only the last. */
const decidedBy = ({ decision, decidedBy: person, votes }: RequestView): string => {
  if (!person) return `rule ${ruleName(decision?.rule ?? null)}`;
  if (decision?.outcome !== 'approved') return mention(person);
  const agreed = votes.filter(({ kind }) => kind === 'approve').map(({ voter }) => voter);
  const others = agreed.filter(({ id }) => id !== person.id);
  return sentenceList([...others, person].map(mention));
};

const howDecided = (view: RequestView): string => {
  if (view.request.isBreakGlass) return 'Taken by break-glass, without approval.';
  const ahead = view.decision?.outcome === 'approved' ? view.decision.reason : null;
  return `Approved ${ahead ? inline(ahead, VOTE_REASON_SHOWN_MAX) : `by ${decidedBy(view)}`}.`;
};

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
  if (grant?.endCause === 'cancelled') return ` cancelled before it began${by}`;
  if (grant?.endCause === 'not_started') return ' it could not begin';
  if (grant?.endCause === 'incident_closed') return ' its incident was closed';
  if (grant?.endCause === 'client_lost') return ' its job was not heard for a minute';
  return ' its time was over';
};

const HOW_ENDED = {
  removed: 'Removed, and confirmed by the target.',
  already_absent: 'It was already gone when Latchkey came to remove it.',
  still_held: 'The access itself stays for now: other access to the same, which has not ended, holds it.',
} as const satisfies Record<EndOutcome, string>;

/** Quiet where the target cannot tell. Looks are taken now and then: what was not seen may have been. */
export const use = ({ firstUsedAt, isUseTold, activatedAt }: Grant, now?: Date): string => {
  if (firstUsedAt) return ` First seen in use ${date(firstUsedAt, now)}.`;
  return isUseTold && activatedAt ? ' Not seen in use.' : '';
};

/** It was never active, so its credentials were shown to nobody. */
const isNeverBegun = ({ activatedAt }: Pick<Grant, 'activatedAt'>): boolean => activatedAt === null;

const NEVER_BEGUN = '*Not set up*, nobody got in.';

/** Of access that never began there is nothing to end: what may be left of the attempt is looked for. */
const endingUnbegun = (grant: Grant): string => {
  const why = because(grant.endReason);
  return grant.attempts > 0
    ? `${NEVER_BEGUN}${why} Attempt ${grant.attempts} to confirm that nothing is left in the target failed; trying again.${lastError(grant)}`
    : `${NEVER_BEGUN}${why} Latchkey confirms that nothing is left in the target.`;
};

const NOTHING_LEFT = {
  removed: 'What had been made was removed, and confirmed by the target.',
  already_absent: 'Nothing is left in the target.',
  still_held: 'Nothing of it is left in the target.',
} as const satisfies Record<EndOutcome, string>;

/** Everyone whose approval counted; a rule or break-glass is named elsewhere. */
const byWhom = (view: RequestView): string =>
  view.decidedBy && !view.request.isBreakGlass ? ` Approved by ${decidedBy(view)}.` : '';

/** Says removed only when absence was read back from the target. */
const ended = (view: RequestView, grant: Grant): string => {
  const isBegun = grant.activatedAt !== null || (!grant.startsAt && grant.endCause !== 'not_started');
  if (!isBegun && grant.endOutcome === 'already_absent')
    return `*Not begun*:${endCause(view)}. Nobody got in.${because(grant.endReason)}`;
  if (isNeverBegun(grant))
    return `*Not set up*, nobody got in:${endCause(view)}.${because(grant.endReason)} ${NOTHING_LEFT[grant.endOutcome ?? 'removed']}`;
  const at = grant.endedAt ? ` ${date(grant.endedAt)}` : '';
  return `*Ended*${at}:${endCause(view)}. ${HOW_ENDED[grant.endOutcome ?? 'removed']}${use(grant)}${grant.endReason ? because(grant.endReason) : ''}${byWhom(view)}`;
};

const approvedBold = (view: RequestView): string => howDecided(view).replace(/^\w+/, '*$&*');

const activating = (view: RequestView, grant: Grant): string =>
  isAhead(view)
    ? `${approvedBold(view)} Starts ${grant.startsAt ? date(grant.startsAt) : ''}.`
    : isHeld(grant)
      ? `${approvedBold(view)} *It could not be set up yet.* The owners and the admins were notified; when they have fixed it, access comes without a new approval.`
      : grant.attempts > 0
        ? `${approvedBold(view)} Access is not set up yet; trying again.${lastError(grant)}`
        : `${approvedBold(view)} Access is being set up.`;

/** `03:40`, or `03:38, with the incident` where that comes first. */
export const untilWhen = (grant: Grant, { incident, now }: Pick<RequestView, 'incident' | 'now'>): string => {
  const earlier = endWithIncident(grant, incident);
  return earlier ? `${date(earlier, now)}, with the incident` : date(grant.expiresAt, now);
};

const stillEnding = ({ now }: RequestView, grant: Grant): string =>
  grant.closedAt
    ? `*Closed* since ${date(grant.closedAt, now)}: nobody can get in, and no session is left. Something of it is not removed yet; trying again.${lastError(grant)}`
    : `*Still being ended, not yet confirmed.* Attempt ${grant.attempts} failed; trying again.${lastError(grant)}`;

const grantLine = (view: RequestView, grant: Grant): string => {
  const lines = {
    activating: () => activating(view, grant),
    active: () => `*Active* until ${untilWhen(grant, view)}. ${howDecided(view)}`,
    ending: () =>
      isNeverBegun(grant)
        ? endingUnbegun(grant)
        : grant.attempts > 0
          ? stillEnding(view, grant)
          : '*Being ended*, not yet confirmed.',
    ended: () => ended(view, grant),
    failed: () => `*Not set up*, nobody got in. ${howDecided(view)} The owners and the admins have the cause.`,
  } satisfies Record<Grant['state'], () => string>;
  return lines[grant.state]();
};

const lapsed = (view: RequestView): string => {
  if (view.extended && view.extended.state !== 'active') return '*Lapsed*: the access ended before anybody decided.';
  const why = view.decision ? 'approved, but not used in time.' : 'nobody decided in time.';
  return `*Lapsed*: ${why}${oldEnd(view)}`;
};

const approved = (view: RequestView): string => {
  if (view.grant) return grantLine(view, view.grant);
  const move = moveLine(view);
  return move ? `${move} ${howDecided(view)}` : `*Approved* by ${decidedBy(view)}.`;
};

const cancelled = ({ request, requester }: RequestView): string => {
  const { cancelledBy, cancelReason } = request;
  const others = cancelledBy === null ? 'Latchkey' : mentionId(cancelledBy);
  const by = cancelledBy === null && cancelReason === null ? mention(requester) : others;
  return `*Cancelled* by ${by}.${because(cancelReason)}`;
};

/** One line that says where the request stands, in words that the database bears out. */
export const status = (view: RequestView): string => {
  const lines = {
    pending: () => `*Waiting for approval* until ${date(view.request.lapsesAt, view.now)}.`,
    denied: () => `${denied(view)}${oldEnd(view)}`,
    cancelled: () => `${cancelled(view)}${oldEnd(view)}`,
    lapsed: () => lapsed(view),
    approved: () => approved(view),
  } satisfies Record<RequestView['request']['state'], () => string>;
  return lines[view.request.state]();
};

/** One calm mark per state, drawn as text so that it looks alike everywhere. */
export const mark = ({ request, grant, extension, extended }: RequestView): string => {
  if (request.state === 'pending') return '◌';
  if (request.state === 'denied' || grant?.state === 'failed' || extension?.state === 'failed') return '✕';
  if (extension) return extended?.state === 'active' || extended?.state === 'ending' ? '●' : '○';
  if (grant && grant.state !== 'ended') return '●';
  return '○';
};
