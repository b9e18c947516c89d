/** One row of a report's register: everything that the audit log says of one request, folded in the order of its events. Pure. */
import type { Json } from '../json.ts';
import { withRecordEvent } from '../grants/recording.ts';
import type { Completeness } from '../grants/recording.ts';
import { isDeployment } from '../policy/deployments.ts';

export type LogActor = { kind: string; id: string | null; name: string | null; email: string | null };
/** `isErased`: its personal part was erased, and the open part is left. */
export type LogEvent = {
  seq: number;
  at: string;
  type: string;
  requestId: string | null;
  grantId: string | null;
  target: string | null;
  role: string | null;
  actor: LogActor;
  data: { [key: string]: Json };
  isErased: boolean;
};

export type Decider = { id: string; name: string; at: string };
export type RowKind = 'access' | 'more time' | 'break-glass' | 'deployment';
export type DecidedBy = 'people' | 'rule' | 'pre-approval' | 'break-glass' | null;

export type RegisterRow = {
  request: string;
  grant: string | null;
  kind: RowKind;
  state: string;
  requestedAt: string;
  requester: LogActor;
  target: string;
  role: string;
  durationMs: number | null;
  reason: string | null;
  ticket: string | null;
  incident: string | null;
  rule: string | null;
  policy: string | null;
  decidedBy: DecidedBy;
  approvers: Decider[];
  deniers: Decider[];
  decidedAt: string | null;
  decisionNote: string | null;
  activeAt: string | null;
  firstUsedAt: string | null;
  expiresAt: string | null;
  /** Since then no login is possible, and no session is left. */
  closedAt: string | null;
  /** Removed, or failed. */
  endedAt: string | null;
  endCause: string | null;
  readback: string | null;
  lateMs: number | null;
  removalAttempts: number | null;
  extensions: number;
  followUp: { dueAt: string; outcome: string | null; by: string | null; at: string | null; note: string | null } | null;
  isFollowUpOverdue: boolean;
  /** Who overrode which freezes for it. */
  override: { by: string; freezes: string[]; reason: string | null; at: string } | null;
  failure: string | null;
  voided: string[];
  lastRemovalFailure: string | null;
  events: number;
  firstSeq: number;
  lastSeq: number;
  /** What was recorded of what was done; null where nothing was. */
  done: Completeness | null;
  isErased: boolean;
};

const text = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);
const number = (value: Json | undefined): number | null => (typeof value === 'number' ? value : null);
const texts = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

const emptyRow = (event: LogEvent): RegisterRow => ({
  request: event.requestId ?? '',
  grant: null,
  kind: 'access',
  state: 'pending',
  requestedAt: event.at,
  requester: event.actor,
  target: event.target ?? '',
  role: event.role ?? '',
  ...{ durationMs: null, reason: null, ticket: null, incident: null, rule: null, policy: null },
  ...{ decidedBy: null, approvers: [], deniers: [], decidedAt: null, decisionNote: null },
  ...{ activeAt: null, firstUsedAt: null, expiresAt: null, closedAt: null, endedAt: null },
  ...{
    endCause: null,
    readback: null,
    lateMs: null,
    removalAttempts: null,
    extensions: 0,
    followUp: null,
    isFollowUpOverdue: false,
  },
  override: null,
  ...{ failure: null, voided: [], lastRemovalFailure: null, done: null, events: 0, isErased: false },
  firstSeq: event.seq,
  lastSeq: event.seq,
});

type Change = (row: RegisterRow, event: LogEvent) => Partial<RegisterRow>;

const created: Change = (_row, { at, actor, data, target, role, grantId }) => {
  const isExtension = text(data['extends']) !== null;
  const isBreakGlass = data['isBreakGlass'] === true;
  const isOfDeployment = isDeployment(target ?? '');
  return {
    requestedAt: at,
    requester: actor,
    target: target ?? '',
    role: role ?? '',
    kind: isBreakGlass ? 'break-glass' : isExtension ? 'more time' : isOfDeployment ? 'deployment' : 'access',
    grant: text(data['extends']) ?? grantId,
    durationMs: isOfDeployment ? null : (number(data['extendsByMs']) ?? number(data['durationMs'])),
    reason: text(data['reason']),
    ticket: text(data['ticket']),
    incident: text(data['incident']),
    rule: text(data['rule']),
    policy: text(data['policy']),
    expiresAt: text(data['expiresAt']),
    ...(isBreakGlass && { decidedBy: 'break-glass', decidedAt: at }),
  };
};

const deciderOf = ({ actor, at }: LogEvent): Decider => ({ id: actor.id ?? '', name: actor.name ?? '', at });

const voted: Change = ({ approvers, deniers }, event) => {
  const decider = deciderOf(event);
  const others = (list: Decider[]): Decider[] => list.filter(({ id }) => id !== decider.id || id === '');
  return event.data['kind'] === 'approve'
    ? { approvers: [...others(approvers), decider], deniers: others(deniers) }
    : { deniers: [...others(deniers), decider], approvers: others(approvers) };
};

const voided: Change = ({ approvers, deniers, voided: before }, { data }) => {
  const voter = text(data['voter']) ?? '';
  const name = [...approvers, ...deniers].find(({ id }) => id === voter)?.name ?? voter;
  return { approvers: approvers.filter(({ id }) => id !== voter), voided: [...before, name] };
};

const approved: Change = ({ kind, approvers, grant }, { at, data, grantId }) => {
  const by = texts(data['preApprovals']).length > 0 ? 'pre-approval' : approvers.length > 0 ? 'people' : 'rule';
  return {
    state: 'approved',
    grant: grantId ?? grant,
    decidedAt: at,
    decidedBy: kind === 'break-glass' ? 'break-glass' : by,
    rule: text(data['rule']),
    policy: text(data['policy']),
  };
};

const denied: Change = ({ deniers }, event) => ({
  state: 'denied',
  decidedAt: event.at,
  decidedBy: event.actor.kind === 'person' || deniers.length > 0 ? 'people' : 'rule',
  deniers: deniers.length === 0 && event.actor.kind === 'person' ? [deciderOf(event)] : deniers,
  decisionNote: text(event.data['reason']),
  rule: text(event.data['rule']),
  policy: text(event.data['policy']),
});

const ended: Change = ({ closedAt }, { at, data }) => {
  const readback = data['readback'];
  const isRead = typeof readback === 'object' && readback !== null && !Array.isArray(readback);
  return {
    state: 'ended',
    closedAt: text(data['closedAt']) ?? closedAt ?? at,
    endedAt: at,
    endCause: text(data['cause']),
    lateMs: number(data['lateMs']),
    removalAttempts: number(data['attempts']),
    expiresAt: text(data['expiresAt']),
    readback: isRead ? text(readback['answer']) : null,
  };
};

const changed: Change = ({ role, durationMs }, { data }) => {
  const { after } = data;
  if (typeof after !== 'object' || after === null || Array.isArray(after)) return {};
  return { role: text(after['role']) ?? role, durationMs: number(after['durationMs']) ?? durationMs };
};

const overridden: Change = (_row, { at, actor, data }) => ({
  override: { by: actor.name ?? actor.id ?? '', freezes: texts(data['freezes']), reason: text(data['reason']), at },
});

const followUpOpened: Change = (_row, { data }) => ({
  followUp: { dueAt: text(data['dueAt']) ?? '', outcome: null, by: null, at: null, note: null },
});

const followUpClosed: Change = ({ followUp }, { at, actor, data }) => ({
  followUp: {
    dueAt: text(data['dueAt']) ?? followUp?.dueAt ?? '',
    outcome: text(data['outcome']),
    by: actor.name ?? actor.id,
    at,
    note: text(data['note']),
  },
});

const recorded: Change = ({ done }, event) => ({ done: withRecordEvent(done, event) });

const CHANGES: Readonly<Record<string, Change>> = {
  'request.created': created,
  'freeze.overridden': overridden,
  'request.changed': changed,
  'request.approved': approved,
  'request.denied': denied,
  'request.cancelled': (_row, { at, data }) => ({
    state: 'cancelled',
    decidedAt: at,
    decisionNote: text(data['reason']) ?? text(data['cause']),
  }),
  'request.lapsed': (_row, { at }) => ({ state: 'lapsed', decidedAt: at }),
  'vote.cast': voted,
  'vote.voided': voided,
  'grant.activating': ({ grant }, { grantId }) => ({ state: 'activating', grant: grantId ?? grant }),
  'grant.activation_retried': (_row, { data }) => ({ failure: text(data['message']) ?? text(data['kind']) }),
  'grant.active': ({ grant, expiresAt }, { at, data, grantId }) => ({
    state: 'active',
    failure: null,
    grant: grantId ?? grant,
    activeAt: at,
    expiresAt: text(data['expiresAt']) ?? expiresAt,
  }),
  'grant.used': ({ firstUsedAt }, { at, data }) => ({ firstUsedAt: firstUsedAt ?? text(data['since']) ?? at }),
  'grant.failed': (_row, { at, data }) => ({
    state: 'failed',
    endedAt: at,
    failure: text(data['message']) ?? text(data['kind']),
  }),
  'grant.extended': ({ extensions }, { data }) => ({ extensions: extensions + 1, expiresAt: text(data['to']) }),
  'grant.ending': (_row, { data }) => ({ state: 'ending', endCause: text(data['cause']) }),
  'grant.end_retried': (_row, { data }) => ({ lastRemovalFailure: text(data['message']) ?? text(data['kind']) }),
  'grant.removal_retried': (_row, { data }) => ({ lastRemovalFailure: text(data['message']) ?? text(data['kind']) }),
  'grant.closed': (_row, { at, data }) => ({
    state: 'closed',
    closedAt: at,
    endCause: text(data['cause']),
    lateMs: number(data['lateMs']),
  }),
  'grant.removed': ended,
  // As older versions wrote it.
  'grant.ended': ended,
  'statements.recorded': recorded,
  'statements.completed': recorded,
  'follow_up.opened': followUpOpened,
  'follow_up.overdue': () => ({ isFollowUpOverdue: true }),
  'follow_up.closed': followUpClosed,
};

/** Events of one request, in their order; null where there are none. */
export const foldRequest = (events: readonly LogEvent[]): RegisterRow | null => {
  const [first] = events;
  if (!first) return null;
  const row = emptyRow(first);
  for (const event of events) {
    Object.assign(row, CHANGES[event.type]?.(row, event));
    row.events += 1;
    row.lastSeq = event.seq;
    row.isErased ||= event.isErased;
  }
  return row;
};
