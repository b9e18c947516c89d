/** What is said when an incident closes: the warning with a way to keep one's own, and the timeline once it is true. */
import { userIdIn } from '../../../domain/principals/requester.ts';
import type { KnownBlock } from '@slack/types';
import { roughDuration } from '../../../domain/time/durations.ts';
import type { TimelineAccess } from '../../../domain/incidents/timeline.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import { isKept } from '../../../domain/grants/ending.ts';
import type { IncidentTimeline, IncidentView } from '../../../application/incidents/incident-types.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { actions, keepGrantButton } from './buttons.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { card, iconOf } from './card.ts';
import type { Tone } from './card.ts';
import { headline, listSection } from './incident.ts';
import { endingOf, liveOf } from '../../../application/messages/incident-parts.ts';
import { closedLine, incidentName, liveLine, names, roomName } from './incident-lines.ts';
import { REASON_SHOWN_MAX, SECTION_TEXT_MAX, TITLE_SHOWN_MAX } from './limits.ts';
import { what } from './phrases.ts';
import { isStuck } from '../../../application/messages/stuck.ts';
import { context, cut, date, inline, section } from './text.ts';
import type { Message } from './text.ts';

export type ClosingDrawing = { view: IncidentView; policy: Policy };

type Closing = { tone: Tone; heading: string; words: string };

/** In the words of the database: what ends when, what was called off, what has ended. */
const closingOf = ({ view }: ClosingDrawing): Closing => {
  const { incident, now } = view;
  const heading = `Incident ${roomName(incident)} is closed`;
  if (incident.state === 'open')
    return {
      tone: 'over',
      heading: `Incident ${roomName(incident)} was closed`,
      words: 'It was opened again before that: nothing ends because of it.',
    };
  if (endingOf(view).length === 0) return { tone: 'over', heading, words: 'Access that was taken for it has ended.' };
  if (incident.endsAt && incident.endsAt > now)
    return { tone: 'trouble', heading, words: `Access that was taken for it ends at *${date(incident.endsAt, now)}*.` };
  return { tone: 'trouble', heading, words: 'Access that was taken for it is being ended.' };
};

const closingCard = (closing: Closing, body: KnownBlock[]): Message =>
  card({
    tone: closing.tone,
    text: `${closing.heading}. ${closing.words}`,
    head: [section(cut(`${iconOf(closing.tone)} *${closing.heading}*`, SECTION_TEXT_MAX))],
    body: [section(cut(closing.words, SECTION_TEXT_MAX)), ...body],
  });

const isKeepable = (view: IncidentView, { grant }: RequestView): boolean =>
  view.incident.state === 'closed' &&
  view.incident.endedAt === null &&
  view.incident.endsAt !== null &&
  grant?.state === 'active' &&
  !isKept(grant, view.incident);

const KEEP_HINT =
  'Still working? *Keep mine* lets your access run to its own expiry, where the rules allow it. Without the click it ends with the incident.';

/** In the channel. Each holder has the buttons for their own by direct message. */
export const closingMessage = ({ view, policy }: ClosingDrawing): Message => {
  const live = view.incident.state === 'closed' ? liveOf(view) : [];
  const blocks: KnownBlock[] = [];
  if (live.length > 0)
    blocks.push(
      listSection(
        'Who has access now',
        live.map((one) => liveLine(policy, one, view.incident)),
      ),
    );
  if (live.some((one) => isKeepable(view, one)))
    blocks.push(context('Each of them has a direct message, with a button to keep their own.'));
  return closingCard(closingOf({ view, policy }), blocks);
};

/** To one holder, with a button for each of their own. */
export const keepMessage = ({ view, policy }: ClosingDrawing, userId: string): Message => {
  const own = view.requests.filter(({ requester, grant }) => userIdIn(requester) === userId && grant !== null);
  const live = view.incident.state === 'closed' ? own.filter((one) => liveOf(view).includes(one)) : [];
  const blocks: KnownBlock[] = [];
  for (const one of live.slice(0, OWN_MAX)) {
    blocks.push(section(cut(liveLine(policy, one, view.incident), SECTION_TEXT_MAX)));
    if (one.grant && isKeepable(view, one)) blocks.push(actions(keepGrantButton(one.grant.id)));
  }
  if (live.some((one) => isKeepable(view, one))) blocks.push(context(KEEP_HINT));
  return closingCard(closingOf({ view, policy }), blocks);
};

const OWN_MAX = 10;
const TIMELINE_LINES_MAX = 20;
const WHY_MAX = REASON_SHOWN_MAX / 15;

const OUTCOMES = {
  waiting: 'waits for approval',
  denied: 'denied',
  cancelled: 'cancelled',
  lapsed: 'expired',
  failed: 'not set up, no one got in',
  preparing: 'being set up',
  live: 'still active',
  ending: '*being ended, not yet confirmed*',
  ended: 'ended',
} satisfies Record<TimelineAccess['outcome'], string>;

const CAUSES: Record<string, string> = {
  expired: 'time was up',
  done: 'returned',
  revoked: 'revoked',
  abandoned: 'given up',
  cancelled: 'cancelled before it began',
  not_started: 'could not begin',
  window_passed: 'window passed without a use',
  incident_closed: 'with the incident',
};

const at = (iso: string): string => date(new Date(iso), new Date(iso));

const outcomeOf = (access: TimelineAccess): string => {
  const { outcome, endedAt, endCause, isKept: kept, expiresAt } = access;
  if (outcome === 'live' && expiresAt) return `${kept ? 'kept' : 'still active'} until ${at(expiresAt)}`;
  if (outcome !== 'ended' || endedAt === null) return OUTCOMES[outcome];
  const cause = endCause === null ? '' : `, ${CAUSES[endCause] ?? inline(endCause, TITLE_SHOWN_MAX)}`;
  return `ended ${at(endedAt)}${cause}`;
};

const agreedBy = (access: TimelineAccess): string => {
  const votes = access.votes.filter(({ kind }) => kind === 'approve');
  if (access.isBreakGlass) return 'break-glass';
  if (votes.length > 0) return `approved by ${names(votes.map(({ by }) => by))}`;
  return access.grantId === null ? '' : `by rule _${inline(access.rule ?? '', TITLE_SHOWN_MAX)}_`;
};

/** `02:58 Kim Tanaka · Orders database · Read only · by rule _On-call reads_ · ended 03:41, with the incident` */
const accessLine = (policy: Policy, access: TimelineAccess): string => {
  const request = { target: access.target, role: access.role };
  const parts = [
    `${at(access.startedAt ?? access.askedAt)} ${inline(access.who.name, TITLE_SHOWN_MAX)}`,
    what({ request }, factsOf(policy, request)),
    agreedBy(access),
    outcomeOf(access),
    `_${inline(access.reason, WHY_MAX)}_`,
  ];
  return parts.filter((part) => part !== '').join(' · ');
};

const stuckLine = (view: IncidentView): string | null => {
  const stuck = view.requests.filter((one) => isStuck(one) && one.grant?.closedAt === null);
  if (stuck.length === 0) return null;
  return `*${stuck.length === 1 ? 'One access is' : `${stuck.length} accesses are`} not ended yet:* the target does not confirm it. Latchkey keeps trying; admins and owners were notified.`;
};

const summary = (view: IncidentView, access: readonly TimelineAccess[]): string => {
  const { incident } = view;
  const inside = access.filter(({ startedAt }) => startedAt !== null);
  const people = new Set(inside.map(({ who }) => who.id)).size;
  const targets = new Set(inside.map(({ target }) => target)).size;
  const lastedMs = (incident.closedAt ?? view.now).getTime() - incident.openedAt.getTime();
  const opened = `Opened ${date(incident.openedAt)}${view.openedBy ? ` by ${inline(view.openedBy.name, TITLE_SHOWN_MAX)}` : ''}.`;
  const lasted =
    incident.state === 'closed'
      ? `${closedLine(view)} It lasted ${roughDuration(Math.max(60_000, Math.floor(lastedMs / 60_000) * 60_000))}.`
      : 'It is open.';
  const who =
    inside.length === 0
      ? 'No one got in.'
      : `${people === 1 ? 'One person was' : `${people} people were`} in ${targets === 1 ? 'one target' : `${targets} targets`}.`;
  return [opened, lasted, who].join(' ');
};

/** Why it is read where it is. */
const elsewhere = ({ incident }: IncidentView): string =>
  incident.isArchived
    ? `Posted here because ${roomName(incident)} was archived or deleted and takes no messages.`
    : `Posted here because Latchkey cannot post in ${roomName(incident)}.`;

/** As a message, for the channel after the close and for the one who types `/prod-access incident`. */
export const timelineMessage = (
  { view, timeline }: IncidentTimeline,
  policy: Policy,
  where: 'there' | 'elsewhere' = 'there',
): Message => {
  const { access } = timeline;
  const lines = access
    .slice(0, TIMELINE_LINES_MAX)
    .map((one) => `• ${cut(accessLine(policy, one), TIMELINE_LINE_MAX)}`);
  const rest = access.length - lines.length;
  const stuck = stuckLine(view);
  const title = `Timeline of ${incidentName(view.incident)}`;
  const halves = [lines.slice(0, TIMELINE_LINES_MAX / 2), lines.slice(TIMELINE_LINES_MAX / 2)];
  const tone = stuck ? 'alarm' : 'over';
  return card({
    tone,
    text: `${title}. ${summary(view, access)}`,
    head: [section(`${stuck ? iconOf('alarm') : '📋'} *Timeline · ${headline(view.incident)}*`)],
    body: [
      section(cut(summary(view, access), SECTION_TEXT_MAX)),
      ...(stuck ? [section(stuck)] : []),
      ...halves.filter((half) => half.length > 0).map((half) => section(cut(half.join('\n'), SECTION_TEXT_MAX))),
      ...(rest > 0 ? [context(`and ${rest} more`)] : []),
      ...(where === 'elsewhere' ? [context(elsewhere(view))] : []),
    ],
  });
};

const TIMELINE_LINE_MAX = 290;
