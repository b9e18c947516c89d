/** Sentences about an incident, with names instead of mentions: its message is there for everyone and wakes nobody twice. */
import { formatDuration } from '../../../domain/time/durations.ts';
import type { LikelyWhy } from '../../../domain/incidents/likely-targets.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import type { Incident } from '../../../domain/incidents/incident.ts';
import type { Person } from '../../../domain/principals/person.ts';
import { isKept } from '../../../domain/grants/ending.ts';
import type { IncidentView, RoleBriefing } from '../../../application/incidents/incident-types.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { PotentialApprovers } from '../../../application/decisions/potential-approvers.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { INCIDENT_NAMES_MAX, REASON_SHOWN_MAX, TITLE_SHOWN_MAX, TOPIC_SHOWN_MAX } from './limits.ts';
import { ruleName, what } from './phrases.ts';
import { mark, untilWhen } from './status.ts';
import type { Say } from './line-buttons.ts';
import { date, inline, said, sentenceList } from './text.ts';

export const nameOf = ({ name }: Pick<Person, 'name'>): string => inline(name, TITLE_SHOWN_MAX);

export const roomName = ({ channelName }: Pick<Incident, 'channelName'>): string =>
  `#${inline(channelName, TITLE_SHOWN_MAX)}`;

/** `#inc-42 · sev1` */
export const incidentName = (incident: Pick<Incident, 'channelName' | 'severity'>): string =>
  incident.severity ? `${roomName(incident)} · ${inline(incident.severity, TITLE_SHOWN_MAX)}` : roomName(incident);

/**
 * What is shown and no rule sees, with the lines by which a person who may open incidents confirms it. Null where the rules see all of it.
 */
export const unbelieved = (incident: Incident): { words: string; says: Say[] } | null => {
  const { severity, confirmedSeverity, channelName, confirmedName, confirmedAt } = incident;
  if (confirmedAt === null) return null;
  const isSeverityOpen = severity !== (confirmedSeverity ?? '');
  const isNameOpen = channelName !== confirmedName;
  const parts = [
    ...(isSeverityOpen ? [`the severity ${inline(severity, TITLE_SHOWN_MAX)}`] : []),
    ...(isNameOpen ? [`the name ${roomName(incident)}`] : []),
  ];
  if (parts.length === 0) return null;
  const says = [
    ...(isSeverityOpen ? [{ line: `incident ${severity}`, label: `Confirm ${severity}` }] : []),
    ...(isNameOpen ? [{ line: 'incident confirm', label: 'Confirm the name' }] : []),
  ];
  return {
    words: `Rules do not use ${sentenceList(parts)} yet: a person who may open incidents has to confirm it.`,
    says,
  };
};

export const topicQuote = ({ topic }: Pick<Incident, 'topic'>): string | null =>
  topic.trim() === '' ? null : said(topic, TOPIC_SHOWN_MAX);

/** At most a few by name, the others counted. */
export const names = (people: readonly Pick<Person, 'name'>[]): string => {
  const shown = people.slice(0, INCIDENT_NAMES_MAX).map(nameOf);
  const rest = people.length - shown.length;
  return sentenceList(rest > 0 ? [...shown, `${rest} more`] : shown);
};

const WHY = {
  configured: 'set in the policy for this channel',
  name: 'matches the channel name',
  topic: 'matches the topic',
  few: 'one of few targets',
} as const;

const whyOf = (why: LikelyWhy): string =>
  why.kind === 'recent'
    ? `used in ${why.incidents === 1 ? 'another incident' : `${why.incidents} other incidents`} recently`
    : WHY[why.kind];

/** `matches the channel name, used in 3 other incidents recently` */
export const reasons = (why: readonly LikelyWhy[]): string => why.map(whyOf).join(', ');

/** `one of owners (Dana Brandt, Ben Aydin)`: anyone who is away is not named. */
const oneOfNamed = ({ label, count, people, away, unknown }: PotentialApprovers): string => {
  const isAway = new Set(away.map(({ personId }) => personId));
  const here = people.filter(({ id }) => !isAway.has(id));
  const lost = unknown.length > 0 ? 'not all could be looked up' : null;
  const allAway = people.length > 0 ? 'all away now' : null;
  const inside = [here.length > 0 ? names(here) : allAway, lost].filter((part) => part !== null);
  const amount = `${count === 1 ? 'one' : count} of ${inline(label, TITLE_SHOWN_MAX)}`;
  return inside.length > 0 ? `${amount} (${inside.join('; ')})` : amount;
};

/** `Read-write needs one of owners (Dana Brandt) and one of sre (Omar Haddad)` */
export const roleLine = ({ role, title, decision, rule, eligible }: RoleBriefing): string => {
  const name = inline(title || role, TITLE_SHOWN_MAX);
  if (decision === 'approve') return `${name} at once for those on call`;
  if (decision === 'deny') return `${name}: no one now${rule === null ? '' : `, denied by rule ${ruleName(rule)}`}`;
  return `${name} needs ${eligible.length > 0 ? sentenceList(eligible.map(oneOfNamed)) : `what rule ${ruleName(rule)} says`}`;
};

const subject = (policy: Policy, view: RequestView): string =>
  `${mark(view)} ${nameOf(view.requester)} · ${what(view, factsOf(policy, view.request))}`;

const whereItStands = ({ grant, now }: RequestView, incident: Incident): string => {
  if (grant === null) return '';
  if (grant.state === 'activating') return grant.attempts > 0 ? 'not set up yet; trying again' : 'being set up';
  if (grant.state === 'active') {
    const until = `until ${untilWhen(grant, { incident, now })}`;
    return isKept(grant, incident) ? `kept ${until}` : until;
  }
  return grant.attempts > 0
    ? `*still being ended, not yet confirmed* (attempt ${grant.attempts} failed, trying again)`
    : 'being ended, not yet confirmed';
};

/** `🟢 Kim Tanaka · Orders database · Read only · until 03:40` */
export const liveLine = (policy: Policy, view: RequestView, incident: Incident): string =>
  `${subject(policy, view)} · ${whereItStands(view, incident)}`;

/** `missing` says in words whose answer is waited for; null where that is not known. */
export const waitingLines = (policy: Policy, view: RequestView, missing: string | null): string => {
  const { request } = view;
  const waits = missing ? ` · waits for ${missing}` : '';
  return `${subject(policy, view)} for *${formatDuration(request.durationMs)}*${waits}: ${said(request.reason, REASON_SHOWN_MAX / 10)}`;
};

const CLOSED_BY = {
  archived: 'the channel was archived or deleted',
  renamed: 'the channel was renamed',
  command: '',
  tool: 'its tool said so',
} as const;

/** `Closed at 03:41 by Kim Tanaka.` */
export const closedLine = ({ incident, closedBy, now }: IncidentView): string => {
  const at = incident.closedAt ? ` ${date(incident.closedAt, now)}` : '';
  const by = closedBy ? ` by ${nameOf(closedBy)}` : '';
  const how = incident.closeCause ? CLOSED_BY[incident.closeCause] : '';
  return `*Closed*${at}${by}${how ? `: ${how}` : ''}.`;
};
