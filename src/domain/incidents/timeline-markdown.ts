/** The timeline as a page for a post-mortem. Every word of a person is escaped. */
import { formatDuration } from '../time/durations.ts';
import { jobText } from '../principals/job-words.ts';
import { markdownText } from './markdown.ts';
import type { Timeline, TimelineAccess, TimelineEvent, TimelinePerson } from './timeline.ts';

const time = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
const orDash = (text: string | null): string => (text === null || text === '' ? '–' : text);
const timeOr = (iso: string | null, otherwise = '–'): string => (iso === null ? otherwise : time(iso));
const name = (person: TimelinePerson | null): string | null => person && markdownText(person.name, 80);

const END_CAUSES: Record<string, string> = {
  expired: 'its time was over',
  done: 'given back',
  revoked: 'revoked',
  abandoned: 'given up',
  cancelled: 'cancelled before it began',
  not_started: 'it could not begin',
  window_passed: 'its window passed without a use',
  incident_closed: 'the incident was closed',
  client_lost: 'its job was not heard for a minute',
  job_completed: 'its job ended',
};
const END_OUTCOMES: Record<string, string> = {
  removed: 'removed, and its absence read back',
  already_absent: 'was gone already, read back',
};

const agreed = (access: TimelineAccess): string => {
  const votes = access.votes.filter(({ kind }) => kind === 'approve').map(({ by }) => name(by) ?? '');
  if (access.isBreakGlass) return 'no approval (break-glass)';
  if (votes.length > 0) return votes.join(', ');
  if (access.decidedBy && access.outcome !== 'denied') return name(access.decidedBy) ?? '–';
  return access.grantId === null ? '–' : 'the rule by itself';
};

const ended = (access: TimelineAccess): string => {
  if (access.endedAt === null) return access.outcome === 'live' && access.isKept ? 'kept, still live' : access.outcome;
  const cause = access.endCause === null ? '' : (END_CAUSES[access.endCause] ?? access.endCause);
  const by = name(access.endedBy);
  return `${time(access.endedAt)}, ${cause}${by ? ` by ${by}` : ''}`;
};

/** Looks are taken now and then, so that "not seen" is all that can be said. */
const used = (access: TimelineAccess): string => {
  if (access.firstUsedAt !== null) return `First seen in use: ${time(access.firstUsedAt)}`;
  if (access.startedAt === null) return 'First seen in use: never';
  if (!access.isUseTold) return 'First seen in use: not known';
  return access.endedAt === null ? 'Not seen in use so far' : 'Not seen in use';
};

const COLUMNS = ['Who', 'What', 'Began', 'Ended', 'Why', 'Agreed', 'Rule'];

const row = (access: TimelineAccess): string => {
  const why = markdownText(access.reason, 200) + (access.ticket ? ` (${markdownText(access.ticket, 80)})` : '');
  const cells = [
    name(access.who) ?? '',
    markdownText(`${access.target}/${access.role}`),
    timeOr(access.startedAt),
    ended(access),
    why,
    agreed(access),
    access.rule === null ? '–' : markdownText(access.rule),
  ];
  return `| ${cells.join(' | ')} |`;
};

const detail = (access: TimelineAccess): string[] => [
  `### ${name(access.who) ?? ''}: ${markdownText(`${access.target}/${access.role}`)}`,
  '',
  `- Requested: ${time(access.askedAt)} for ${formatDuration(access.askedForMs)}${access.isBreakGlass ? ', by break-glass' : ''}`,
  ...(access.who.client ? [`- Job: ${markdownText(jobText(access.who.client.job), 400)}`] : []),
  `- Why: ${orDash(markdownText(access.reason))}`,
  ...(access.ticket ? [`- Ticket: ${markdownText(access.ticket)}`] : []),
  ...(access.override
    ? [
        `- Freeze ${markdownText(access.override.freezes.join(', '))} overridden by ${markdownText(access.override.by)}: ${markdownText(access.override.reason)}`,
      ]
    : []),
  `- Agreed: ${agreed(access)}${access.decidedAt ? `, ${time(access.decidedAt)}` : ''}`,
  ...access.votes.flatMap((vote) =>
    vote.reason ? [`- ${name(vote.by) ?? ''} said: ${markdownText(vote.reason)}`] : [],
  ),
  ...(access.decisionNote ? [`- Note: ${markdownText(access.decisionNote)}`] : []),
  `- Rule: ${access.rule === null ? 'none' : markdownText(access.rule)} (policy ${markdownText(access.policySha256.slice(0, 12))})`,
  `- Began: ${timeOr(access.startedAt, 'never')}`,
  `- Credentials first shown: ${timeOr(access.credentialsShownAt, 'never')}`,
  `- ${used(access)}`,
  `- Ended: ${ended(access)}${access.endOutcome ? ` (${END_OUTCOMES[access.endOutcome] ?? access.endOutcome})` : ''}`,
  ...(access.isKept ? ['- Kept beyond the close by its owner'] : []),
  ...(access.endReason ? [`- Said at the end: ${markdownText(access.endReason)}`] : []),
  ...(access.review
    ? [
        `- Review: ${access.review.outcome?.replaceAll('_', ' ') ?? 'open'}${access.review.note ? `, ${markdownText(access.review.note)}` : ''}`,
      ]
    : []),
  '',
];

const eventLine = ({ at, what, who, detail: about }: TimelineEvent): string =>
  `- ${time(at)}: ${what}${who ? `, ${markdownText(who, 80)}` : ''}${about ? ` (${markdownText(about, 120)})` : ''}`;

const head = ({ incident }: Timeline): string[] => [
  `# Incident ${markdownText(`#${incident.channelName}`)}`,
  '',
  ...(incident.topic ? [`- Topic: ${markdownText(incident.topic)}`] : []),
  `- Severity: ${incident.severity ? markdownText(incident.severity) : 'unknown'}`,
  `- Opened: ${time(incident.openedAt)} (${incident.how}${incident.openedBy ? ` by ${name(incident.openedBy) ?? ''}` : ''})`,
  `- Closed: ${incident.closedAt === null ? 'not yet' : `${time(incident.closedAt)} (${incident.closeCause ?? ''}${incident.closedBy ? ` by ${name(incident.closedBy) ?? ''}` : ''})`}`,
  ...(incident.accessEndedAt ? [`- Its access ended: ${time(incident.accessEndedAt)}`] : []),
  `- Channel: ${markdownText(incident.channelId)}, incident ${markdownText(incident.id)}`,
  '',
];

/** All times are UTC, and the page says so. */
export const timelineMarkdown = (timeline: Timeline): string => {
  const { access, events, madeAt } = timeline;
  const table =
    access.length === 0
      ? ['No one requested access in this incident.', '']
      : [`| ${COLUMNS.join(' | ')} |`, `|${COLUMNS.map(() => ' --- |').join('')}`, ...access.map(row), ''];
  return [
    ...head(timeline),
    '## Access',
    '',
    ...table,
    ...access.flatMap(detail),
    '## What happened',
    '',
    ...events.map(eventLine),
    '',
    `All times are UTC. Made by Latchkey at ${time(madeAt)} from its own records.`,
    '',
  ].join('\n');
};
