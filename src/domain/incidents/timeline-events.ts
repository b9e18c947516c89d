/** The steps of a timeline: what happened to the incident, and to each access in it. */
import type { EventType } from '../audit/events.ts';
import type { Json } from '../json.ts';
import type { TimelineAccess, TimelineEvent, TimelineInput } from './timeline.ts';

const said = (data: { [key: string]: Json }, key: string): string | null => {
  const value = data[key];
  return typeof value === 'string' && value !== '' ? value : null;
};

/** What happened to the incident itself, in a few words. */
const CHANGES: Partial<Record<EventType, (data: { [key: string]: Json }) => [what: string, detail: string | null]>> = {
  'incident.opened': (data) => ['incident opened', said(data, 'name')],
  'incident.reopened': () => ['incident reopened', null],
  'incident.renamed': (data) => ['channel renamed', said(data, 'after')],
  'incident.topic': (data) => ['topic changed', said(data, 'after')],
  'incident.purpose': (data) => ['purpose changed', said(data, 'after')],
  'incident.severity': (data) => ['severity changed', said(data, 'after') ?? 'unknown'],
  'incident.confirmed': () => ['incident confirmed', null],
  'incident.closed': (data) => ['incident closed', said(data, 'cause')],
  'incident.ended': () => ['access of the incident ended', null],
};

export const incidentEvents = ({ history }: TimelineInput): TimelineEvent[] =>
  history.flatMap(({ type, at, by, data }) => {
    const words = CHANGES[type]?.(data);
    if (!words) return [];
    const [what, detail] = words;
    return [{ at: at.toISOString(), what, who: by?.name ?? said(data, 'user'), detail, requestId: null }];
  });

/** All whose votes made it, not only the last. */
const approversOf = ({ votes, decidedBy }: TimelineAccess): string | null => {
  if (!decidedBy) return null;
  const names = votes.filter(({ kind }) => kind === 'approve').map(({ by }) => by.name);
  return [...new Set([...names, decidedBy.name])].join(', ');
};

const overrodeWords = ({ override }: TimelineAccess): string => `overrode freeze ${override?.freezes.join(', ') ?? ''}`;

export const accessEvents = (access: TimelineAccess): TimelineEvent[] => {
  const { requestId, who, decidedBy, endedBy } = access;
  const detail = `${access.target}/${access.role}`;
  const isDenied = access.outcome === 'denied';
  const isAgreed = access.grantId !== null;
  const steps: [at: string | null, what: string, who: string | null][] = [
    [access.askedAt, access.isBreakGlass ? 'used break-glass' : 'requested', who.name],
    [access.override ? access.askedAt : null, overrodeWords(access), access.override?.by ?? null],
    ...access.votes.map(({ at, kind, by }): [string, string, string] => [
      at,
      kind === 'approve' ? 'agreed' : 'refused',
      by.name,
    ]),
    [isDenied ? access.decidedAt : null, 'denied', decidedBy?.name ?? null],
    [isAgreed && !access.isBreakGlass ? access.decidedAt : null, 'approved', approversOf(access)],
    [access.startedAt, 'access began', who.name],
    [access.credentialsShownAt, 'credentials first shown', who.name],
    [access.firstUsedAt, 'first seen in use', who.name],
    [access.endedAt, 'access ended', endedBy?.name ?? null],
  ];
  return steps.flatMap(([at, what, by]) => (at === null ? [] : [{ at, what, who: by, detail, requestId }]));
};
