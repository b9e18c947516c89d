/** What of a request needs an answer, with the answer that the log has. Pure. */
import { roughDuration } from '../time/durations.ts';
import type { RegisterRow } from './register.ts';

export const EXCEPTION_KINDS = {
  own_decision: 'Requester approved their own request',
  no_decision: 'Access without a decision',
  late_removal: 'Closed more than a minute late',
  not_removed: 'Not removed after its expiry',
  not_read_back: 'Removal not read back from the target',
  break_glass: 'Break-glass',
  freeze_override: 'Freeze overridden',
  follow_up_overdue: 'Follow-up after its deadline',
  activation_failed: 'Approved, and not given',
  vote_voided: 'Vote voided',
  drift: 'Target differed from the log',
  revocation: 'Access of many revoked',
  policy_rejected: 'Policy file refused',
  checkpoint_refused: 'Checkpoint not signed',
  key_revoked: 'Signing key revoked',
  review_overdue: 'Review after its deadline',
} as const;

export type ExceptionKind = keyof typeof EXCEPTION_KINDS;

/** `answer` is null where the log has none. */
export type Exception = {
  kind: ExceptionKind;
  at: string;
  /** What it is about, with its id: `grant …`, `request …`, `review …`. */
  concerns: string;
  request: string | null;
  grant: string | null;
  target: string | null;
  role: string | null;
  who: string | null;
  what: string;
  answer: string | null;
};

const LATE_MS = 60_000;

/** `2026-07-01 09:15:02 UTC` */
export const timeOf = (at: string): string => `${at.slice(0, 19).replace('T', ' ')} UTC`;

/** In quotes, since people end it as they like and a sentence may follow. */
export const reasonText = (reason: string | null): string => {
  if (reason === null) return 'No reason is known.';
  return /[.!?…]\s*$/.test(reason) ? `Reason: “${reason.trimEnd()}”` : `Reason: “${reason}”.`;
};

const nameOf = ({ requester }: RegisterRow): string => requester.name ?? requester.id ?? '';

export type Found = Pick<Exception, 'kind' | 'at' | 'what' | 'answer'>;
type Look = (row: RegisterRow, asOf: string) => Found | null;

const ownDecision: Look = ({ requester, approvers }) => {
  const own = approvers.find(({ id }) => id !== '' && id === requester.id);
  return own ? { kind: 'own_decision', at: own.at, what: `${own.name} requested and approved.`, answer: null } : null;
};

const noDecision: Look = ({ activeAt, decidedBy }) =>
  activeAt !== null && decidedBy === null
    ? { kind: 'no_decision', at: activeAt, what: 'Access became active, and no event has a decision.', answer: null }
    : null;

/** Late is when a login was still possible: what is removed after the access was closed is late for no one. */
const closedLate: Look = ({ activeAt, closedAt, endedAt, lateMs, removalAttempts, lastRemovalFailure }) => {
  if (closedAt === null || lateMs === null || lateMs <= LATE_MS) return null;
  const why = lastRemovalFailure === null ? '' : ` The last failure before: ${lastRemovalFailure}.`;
  const given = activeAt === null ? ' It was never given.' : '';
  const tries = removalAttempts === null || removalAttempts <= 1 ? '' : ` by attempt ${removalAttempts}`;
  const removed = endedAt === null ? 'not removed yet' : `removed${tries}, ${timeOf(endedAt)}`;
  return {
    kind: 'late_removal',
    at: closedAt,
    what: `Closed ${roughDuration(lateMs)} after it was due.${given}${why}`,
    answer: `Closed, ${timeOf(closedAt)}; ${removed}`,
  };
};

const STILL: Record<string, string> = {
  active: 'Still active at the checkpoint',
  ending: 'A login may still be possible at the checkpoint',
  closed: 'No login is possible any more, and what was made in the target is not removed at the checkpoint',
};

/** What was approved and given up before it was active has no expiry, and may be in the target all the same. */
const notRemoved: Look = ({ state, expiresAt, decidedAt, lastRemovalFailure }, asOf) => {
  const { [state]: still } = STILL;
  const due = expiresAt ?? decidedAt;
  if (still === undefined || due === null || Date.parse(due) + LATE_MS >= Date.parse(asOf)) return null;
  const why = lastRemovalFailure === null ? '' : `; last failure: ${lastRemovalFailure}`;
  return { kind: 'not_removed', at: due, what: `${still}${why}.`, answer: null };
};

const notReadBack: Look = ({ state, activeAt, endedAt, readback }) =>
  state === 'ended' && activeAt !== null && readback === null && endedAt !== null
    ? {
        kind: 'not_read_back',
        at: endedAt,
        what: 'The event of the removal has no answer of the target.',
        answer: null,
      }
    : null;

/** Null while no reviewer answered. */
const followUpAnswer = ({ followUp }: RegisterRow): string | null => {
  const { outcome = null, by, at, note } = followUp ?? {};
  if (outcome === null) return null;
  const said = outcome === 'justified' ? 'Justified' : 'Not justified';
  return `${said}, says ${by ?? 'an erased person'}, ${timeOf(at ?? '')}${note ? `: ${note}` : ''}`;
};

/** One that came to no access has nothing to follow up. */
const freezeOverride: Look = (row) => {
  const { override, followUp, state, grant } = row;
  if (override === null) return null;
  const what = [
    `${override.by || 'An erased person'} overrode ${override.freezes.join(', ')}. ${reasonText(override.reason)}`,
    followUp && `Follow-up due ${timeOf(followUp.dueAt)}.`,
  ];
  return {
    kind: 'freeze_override',
    at: override.at,
    what: what.filter(Boolean).join(' '),
    answer: grant === null ? `No access came of it: ${state}.` : followUpAnswer(row),
  };
};

const breakGlass: Look = (row) => {
  const { kind, requestedAt, followUp, reason } = row;
  if (kind !== 'break-glass') return null;
  const { dueAt } = followUp ?? {};
  return {
    kind: 'break_glass',
    at: requestedAt,
    what: [`Access was taken before a decision. ${reasonText(reason)}`, dueAt && `Follow-up due ${timeOf(dueAt)}.`]
      .filter(Boolean)
      .join(' '),
    answer: followUpAnswer(row),
  };
};

const overdue: Look = ({ isFollowUpOverdue, followUp }) =>
  isFollowUpOverdue && followUp
    ? {
        kind: 'follow_up_overdue',
        at: followUp.dueAt,
        what: 'The follow-up was open at its deadline.',
        answer: followUp.at === null ? null : `Closed ${timeOf(followUp.at)} by ${followUp.by ?? 'an erased person'}`,
      }
    : null;

/** Where it was given up, something may have been made: then the answer is that its absence was read back. */
const failed: Look = ({ state, activeAt, endedAt, endCause, failure, readback }) => {
  const isGivenUp = activeAt === null && state === 'ended' && endCause === 'abandoned';
  if ((state !== 'failed' && !isGivenUp) || endedAt === null) return null;
  const answer = isGivenUp
    ? `Nothing is left in the target, read back ${timeOf(endedAt)}`
    : 'Nothing was left in the target.';
  return {
    kind: 'activation_failed',
    at: endedAt,
    what: `The target could not make the access${failure === null ? '' : `: ${failure}`}.`,
    answer: state === 'failed' || readback === 'absent' ? answer : null,
  };
};

const voted: Look = ({ voided, decidedAt, requestedAt, state }) =>
  voided.length > 0
    ? {
        kind: 'vote_voided',
        at: decidedAt ?? requestedAt,
        what: `Votes did not count any more: ${voided.join(', ')}.`,
        answer: `The request was decided without them: ${state}.`,
      }
    : null;

const LOOKS = [
  ...[ownDecision, noDecision, closedLate, notRemoved, notReadBack],
  ...[breakGlass, freezeOverride, overdue, failed, voted],
];

/** `asOf`: when the checkpoint was signed. */
export const exceptionsOf = (row: RegisterRow, asOf: string): Exception[] =>
  LOOKS.flatMap((look) => {
    const found = look(row, asOf);
    if (!found) return [];
    const { request, grant, target, role } = row;
    const concerns = grant === null ? `request ${request}` : `grant ${grant}`;
    return [{ ...found, concerns, request, grant, target, role, who: nameOf(row) }];
  });
