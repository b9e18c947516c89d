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
import { factsOf } from './facts.ts';
import { INCIDENT_NAMES_MAX, REASON_SHOWN_MAX, TITLE_SHOWN_MAX, TOPIC_SHOWN_MAX } from './limits.ts';
import { mark, ruleName, untilWhen, what } from './phrases.ts';
import { date, inline, quote, sentenceList } from './text.ts';

export const nameOf = ({ name }: Pick<Person, 'name'>): string => inline(name, TITLE_SHOWN_MAX);

export const roomName = ({ channelName }: Pick<Incident, 'channelName'>): string =>
  `#${inline(channelName, TITLE_SHOWN_MAX)}`;

/** `#inc-42 · sev1` */
export const incidentName = (incident: Pick<Incident, 'channelName' | 'severity'>): string =>
  incident.severity ? `${roomName(incident)} · ${inline(incident.severity, TITLE_SHOWN_MAX)}` : roomName(incident);

/** What is shown and no rule sees, with how a person who may open incidents changes that. Null where the rules see all of it. */
export const unbelieved = (incident: Incident): string | null => {
  const { severity, confirmedSeverity, channelName, vouchedName, vouchedAt } = incident;
  if (vouchedAt === null) return null;
  const isSeverityOpen = severity !== (confirmedSeverity ?? '');
  const parts = [
    ...(isSeverityOpen ? [`the severity ${inline(severity, TITLE_SHOWN_MAX)}`] : []),
    ...(channelName !== vouchedName ? [`the name ${roomName(incident)}`] : []),
  ];
  if (parts.length === 0) return null;
  const how = [
    ...(isSeverityOpen ? [`\`/prod-access incident ${inline(severity, TITLE_SHOWN_MAX)}\``] : []),
    ...(channelName !== vouchedName ? ['`/prod-access incident confirm`'] : []),
  ];
  return `Rules do not see ${sentenceList(parts)} yet: ${sentenceList(how)} ${how.length === 1 ? 'confirms it' : 'confirm them'}.`;
};

export const topicQuote = ({ topic }: Pick<Incident, 'topic'>): string | null =>
  topic.trim() === '' ? null : quote(topic, TOPIC_SHOWN_MAX);

/** At most a few by name, the others counted. */
export const names = (people: readonly Pick<Person, 'name'>[]): string => {
  const shown = people.slice(0, INCIDENT_NAMES_MAX).map(nameOf);
  const rest = people.length - shown.length;
  return sentenceList(rest > 0 ? [...shown, `${rest} more`] : shown);
};

const WHY = {
  configured: 'the policy names it for this channel',
  name: 'the channel’s name speaks of it',
  topic: 'the topic speaks of it',
  few: 'there are not many others',
} as const;

const whyOf = (why: LikelyWhy): string =>
  why.kind === 'recent'
    ? `used in ${why.incidents === 1 ? 'another incident' : `${why.incidents} other incidents`} lately`
    : WHY[why.kind];

/** `the channel’s name speaks of it, used in 3 other incidents lately` */
export const reasons = (why: readonly LikelyWhy[]): string => why.map(whyOf).join(', ');

/** `one of owners (Dana Brandt, Ben Aydin)`: whoever is away is not named. */
const oneOfNamed = ({ label, count, people, away, unknown }: PotentialApprovers): string => {
  const isAway = new Set(away.map(({ personId }) => personId));
  const here = people.filter(({ id }) => !isAway.has(id));
  const lost = unknown.length > 0 ? 'not all could be looked up' : null;
  const nobody = people.length > 0 ? 'all away now' : null;
  const inside = [here.length > 0 ? names(here) : nobody, lost].filter((part) => part !== null);
  const amount = `${count === 1 ? 'one' : count} of ${inline(label, TITLE_SHOWN_MAX)}`;
  return inside.length > 0 ? `${amount} (${inside.join('; ')})` : amount;
};

/** `Read-write: one of owners (Dana Brandt) and one of sre (Omar Haddad)` */
export const roleLine = ({ role, title, decision, rule, asked }: RoleBriefing): string => {
  const name = inline(title || role, TITLE_SHOWN_MAX);
  if (decision === 'approve') return `${name}: at once for whoever is on call`;
  if (decision === 'deny') return `${name}: nobody now${rule === null ? '' : `, rule ${ruleName(rule)} says no`}`;
  return `${name}: ${asked.length > 0 ? sentenceList(asked.map(oneOfNamed)) : `rule ${ruleName(rule)} decides`}`;
};

const isLive = ({ grant }: RequestView): boolean =>
  grant !== null && (grant.state === 'activating' || grant.state === 'active' || grant.state === 'ending');

export const liveOf = ({ requests }: IncidentView): RequestView[] => requests.filter(isLive);
export const waitingOf = ({ requests }: IncidentView): RequestView[] =>
  requests.filter(({ request }) => request.state === 'pending');
export const overOf = ({ requests }: IncidentView): RequestView[] =>
  requests.filter((view) => !isLive(view) && view.request.state !== 'pending');

/** What is still to end because the incident was closed; nothing where the policy lets it run on. */
export const endingOf = (view: IncidentView): RequestView[] =>
  view.incident.endsAt === null
    ? []
    : liveOf(view).filter(({ grant }) => grant !== null && !isKept(grant, view.incident));

const subject = (policy: Policy, view: RequestView): string =>
  `${mark(view)} ${nameOf(view.requester)} · ${what(view, factsOf(policy, view.request))}`;

const whereItStands = ({ grant, now }: RequestView, incident: Incident): string => {
  if (grant === null) return '';
  if (grant.state === 'activating') return grant.attempts > 0 ? 'not set up yet; trying again' : 'being set up';
  if (grant.state === 'active') {
    const until = `until ${untilWhen(grant, { incident, now })}`;
    return isKept(grant, incident) ? `kept ${until}` : until;
  }
  if (grant.closedAt) return `closed since ${date(grant.closedAt, now)}, and not removed yet`;
  return grant.attempts > 0
    ? `*still being ended, not yet confirmed* (attempt ${grant.attempts} failed, trying again)`
    : 'being ended, not yet confirmed';
};

/** `● Kim Tanaka · Orders database · Read only · until 03:40` */
export const liveLine = (policy: Policy, view: RequestView, incident: Incident): string =>
  `${subject(policy, view)} · ${whereItStands(view, incident)}`;

/** `missing` says in words whose answer is waited for; null where that is not known. */
export const waitingLines = (policy: Policy, view: RequestView, missing: string | null): string => {
  const { request } = view;
  const waits = missing ? ` · waits for ${missing}` : '';
  return `${subject(policy, view)} for *${formatDuration(request.durationMs)}*${waits}\n${quote(request.reason, REASON_SHOWN_MAX / 10)}`;
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
