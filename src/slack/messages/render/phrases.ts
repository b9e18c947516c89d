/** Sentences about one request, rendered from what the database says; every message is made of these. */
import type { Remains } from '../../../application/decisions/remains.ts';
import type { Json } from '../../../domain/json.ts';
import type { Request, RequestChange } from '../../../domain/requests/request.ts';
import { isDeployment } from '../../../domain/policy/deployments.ts';
import type { Role } from '../../../domain/policy/types.ts';
import { conflictText } from '../../../domain/principals/email-bindings.ts';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { EligibleShown, MessageFacts } from '../../../application/messages/facts.ts';
import {
  CHANGES_SHOWN_MAX,
  CONFLICTS_SHOWN_MAX,
  GROUPS_SHOWN_MAX,
  MENTIONS_MAX,
  RULE_SHOWN_MAX,
  SCOPE_SHOWN_MAX,
  REASON_SHOWN_MAX,
  REMAINS_SHOWN_MAX,
  ACCOUNT_SHOWN_MAX,
  SURVIVES_SHOWN_MAX,
  TICKET_SHOWN_MAX,
  TITLE_SHOWN_MAX,
  VOTE_REASON_SHOWN_MAX,
  WARNING_SHOWN_MAX,
} from './limits.ts';
import { conditions } from './conditions.ts';
import { date, inline, mention, said, sentenceList } from './text.ts';
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

/** ` once in the window night, from … to …`, or ` from …`; nothing where it begins at once. */
const beginning = ({ startsAt, origin }: Request): string => {
  if (origin?.kind === 'window')
    return ` once in the window ${inline(origin.window, TITLE_SHOWN_MAX)}, ${date(new Date(origin.from))} to ${date(new Date(origin.to))}`;
  return startsAt ? ` from ${date(startsAt)}` : '';
};

/** `30m`, or `30m more`, and from when where it does not begin at once. */
export const howLong = ({ request }: Pick<RequestView, 'request'>): string =>
  request.extendsByMs !== null
    ? `${formatDuration(request.extendsByMs)} more`
    : `${formatDuration(request.durationMs)}${beginning(request)}`;

/** ` for *30m*`; nothing for a deployment, which gives no access. */
export const lasting = ({ request }: Pick<RequestView, 'request'>, length: string): string =>
  isDeployment(request.target) ? '' : ` for ${length}`;

/** As a list says it: with every extension, the time that the access has in all. */
export const howLongInAll = (view: Pick<RequestView, 'request' | 'grant'>): string =>
  view.grant && view.grant.extensions > 0 ? formatDuration(view.grant.durationMs) : howLong(view);

/** Approved, and its start lies ahead. */
export const isAhead = ({ grant, now }: Pick<RequestView, 'grant' | 'now'>): boolean =>
  grant?.state === 'activating' && grant.startsAt !== null && now < grant.startsAt;

/** Members who are here and asked, then those who stand in for such members who are away. */
const present = ({ people, quiet = [], away = [], standIns = [] }: EligibleShown): string[] => {
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

const notLookedUp = ({ unknown = [], unreadable = [] }: EligibleShown): string | null => {
  if (unreadable.length > 0)
    return `${inline(unreadable.join(', '), TITLE_SHOWN_MAX)} cannot be looked up until an admin fixes it`;
  return unknown.length > 0 ? `${inline(unknown.join(', '), TITLE_SHOWN_MAX)} could not be looked up just now` : null;
};

/** An address nobody has is left to `explain`: people leave, and the policy names them for a while. */
const notCertain = ({ conflicts = [] }: EligibleShown): string | null => {
  const said = conflicts
    .filter(({ conflict }) => conflict !== 'unheld')
    .map(({ address, conflict }) => conflictText(address, conflict));
  return said.length > 0 ? inline(said.join(', '), CONFLICTS_SHOWN_MAX) : null;
};

/** `one of owners (@dana, @omar for Olga and 3 others may too)`: at most a few are mentioned, and nobody who is away or may decide unasked. */
export const oneOf = (eligible: EligibleShown): string => {
  const name = inline(eligible.label, TITLE_SHOWN_MAX);
  const amount = eligible.count === 1 ? 'one of' : `${eligible.count} of`;
  const shown = present(eligible).slice(0, MENTIONS_MAX);
  const everyone = new Set(
    [...eligible.people, ...(eligible.standIns ?? []).map(({ delegate }) => delegate)].map(({ id }) => id),
  );
  const rest = everyone.size - shown.length;
  const others = rest > 0 ? ` and ${pluralize(rest, 'other')} may too` : '';
  const allAway = (eligible.away?.length ?? 0) > 0 ? 'all away now' : null;
  const unasked = eligible.quiet?.length ? `${eligible.quiet.length} can, and get no message` : null;
  const who = shown.length > 0 ? `${shown.join(', ')}${others}` : (unasked ?? allAway);
  const inside = [who, notLookedUp(eligible), notCertain(eligible)].filter((part) => part !== null);
  return inside.length > 0 ? `${amount} ${name} (${inside.join('; ')})` : `${amount} ${name}`;
};

export const ruleName = (rule: string | null): string =>
  rule === null ? 'no rule' : `_${inline(rule, RULE_SHOWN_MAX)}_`;

/** `Rule _Writes need an owner_ needs one of owners and one of sre.` */
export const whoMayApprove = (
  { request }: Pick<RequestView, 'request'>,
  facts: Pick<MessageFacts, 'eligible'>,
): string => {
  const eligible = facts.eligible ?? request.requirements.map(({ label, count }) => ({ label, count, people: [] }));
  if (eligible.length === 0) return `Rule ${ruleName(request.rule)} decides.`;
  const order = request.isInOrder ? ', in this order' : '';
  return `Rule ${ruleName(request.rule)} needs ${sentenceList(eligible.map(oneOf))}${order}.`;
};

/** Person ids are `<team>:<user>`. */
export const mentionId = (personId: string): string => mention({ userId: personId.split(':').at(-1) ?? personId });

const agreedBy = ({ voter, inSteadOf }: RequestView['votes'][number]): string =>
  inSteadOf ? `${mention(voter)} for ${mentionId(inSteadOf)}` : mention(voter);

/** `no answer for 15m, so one of security (@sam) may decide too` */
export const escalation = ({ request }: Pick<RequestView, 'request'>, { fallback }: MessageFacts): string | null => {
  if (!request.escalatedAt) return null;
  const others = fallback ? oneOf(fallback) : 'other approvers';
  const silence = request.escalateAfterMs === null ? 'a while' : formatDuration(request.escalateAfterMs);
  return `*no answer for ${silence}*, so ${others} may decide too`;
};

const terms = (role: Role | null | undefined, { role: name, durationMs }: RequestChange['before']): string =>
  `${inline(role?.title || name, TITLE_SHOWN_MAX)} for ${formatDuration(durationMs)}`;

/** `@olga approved with changes: Read-write for 1h → Read only for 30m. The replica will do.` */
export const changeLine = (change: RequestChange, { target }: Pick<MessageFacts, 'target'>): string => {
  const [before, after] = [change.before, change.after].map((one) => terms(target?.roles[one.role], one));
  const note = change.note ? ` ${inline(change.note, VOTE_REASON_SHOWN_MAX)}` : '';
  return `${mentionId(change.byPersonId)} approved with changes: ${before} → *${after}*.${note}`;
};

/** The latest few; the audit log has them all. */
export const changeLines = ({ request }: Pick<RequestView, 'request'>, facts: MessageFacts): string[] =>
  request.changes.slice(-CHANGES_SHOWN_MAX).map((change) => changeLine(change, facts));

/** `@dana approved`; null while there is no approval. */
export const agreed = ({ votes }: Pick<RequestView, 'votes'>, facts: Pick<MessageFacts, 'ahead'>): string | null => {
  const ahead = facts.ahead.map((person) => `${inline(person.name, TITLE_SHOWN_MAX)} (pre-approved)`);
  const all = [...votes.filter(({ kind }) => kind === 'approve').map(agreedBy), ...ahead];
  return all.length > 0 ? `${sentenceList(all)} approved` : null;
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
    role?.isSensitive ? '*Sensitive*' : null,
    // Without a full stop: it is one part of a line.
    target?.warning ? inline(target.warning.replace(/(?<!\.)\.$/, ''), WARNING_SHOWN_MAX) : null,
  ];
  const known = lines.filter((line) => line !== null);
  return known.length > 0 ? `⚠️ ${known.join(' · ')}` : null;
};

/** What the end of this access cannot do in its target; approvers and the requester read it before, and it is said again at the end. */
export const notCut = ({ guarantee }: Pick<MessageFacts, 'guarantee'>): string | null =>
  guarantee?.survives ? `*Not cut at the end:* ${inline(guarantee.survives, SURVIVES_SHOWN_MAX)}` : null;

/** What the requester could leave in the target, which no end takes back; as it is recorded with the request. */
export const mayRemain = (sentences: readonly string[]): string | null =>
  sentences.length > 0 ? `*May stay:* ${inline([...new Set(sentences)].join(' '), REMAINS_SHOWN_MAX)}` : null;

/** Who the requester is in the target: approvers agree to this account, and to no other. */
export const inTarget = ({ request, requester }: Pick<RequestView, 'request' | 'requester'>): string | null => {
  if (request.inTarget === null) return null;
  const { name, account, hadAlready } = request.inTarget;
  const shown = inline(name, ACCOUNT_SHOWN_MAX);
  const whole = account === null || account === name ? '' : ` (${inline(account, ACCOUNT_SHOWN_MAX)})`;
  const had = hadAlready
    ? ` *Has it already:* ${inline(requester.name, ACCOUNT_SHOWN_MAX)} has the same access without this grant, and keeps it after the end.`
    : '';
  return `Account in the target: ${shown}${whole}.${had}`;
};

/** All, where somebody is about to agree to an access or to take it. */
export const remainLines = ({ mayRemain: sentences, survives, terms }: Remains): string[] =>
  [conditions(terms), notCut({ guarantee: { endsBy: 'both', survives } }), mayRemain(sentences)].filter(
    (line) => line !== null,
  );

/** For approvers: who closes it at its deadline, where that is not the target and Latchkey both. */
export const whoEnds = ({ guarantee }: Pick<MessageFacts, 'guarantee'>): string | null => {
  if (guarantee?.endsBy === 'revoke') return 'Latchkey ends it; the target does not end it by itself.';
  return guarantee?.endsBy === 'itself' ? 'It ends at its expiry and cannot be ended earlier.' : null;
};

/** What the requester wrote: `“OPS-12: checkout errors”`. */
export const reason = ({ request }: Pick<RequestView, 'request'>): string =>
  said([request.ticket?.slice(0, TICKET_SHOWN_MAX), request.reason].filter(Boolean).join(': '), REASON_SHOWN_MAX);

export const groups = (names: string[] | null): string | null =>
  names && names.length > 0 ? inline(names.join(', '), GROUPS_SHOWN_MAX) : null;

/** `*Freeze year-end* overridden by @sam, because of #inc-7: “the payout is blocked”`; null where no freeze was overridden. */
export const overrideLine = ({ request: { origin } }: Pick<RequestView, 'request'>): string | null => {
  if (origin?.kind !== 'override') return null;
  const { freezes, by, because, reason: why } = origin;
  const cause =
    because.kind === 'incident' ? `<#${because.channelId}>` : `alert ${said(because.title, TITLE_SHOWN_MAX)}`;
  return `*Freeze ${inline(freezes.join(', '), TITLE_SHOWN_MAX)}* overridden by ${mention(by)}, because of ${cause}: ${said(why, VOTE_REASON_SHOWN_MAX)}`;
};
