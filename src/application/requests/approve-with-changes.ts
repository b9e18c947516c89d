/** An approver agrees to less than was requested: shorter, or a smaller role of the same target. Never to more. */
import type { PersonCaller } from '../identity/caller.ts';
import { formatDuration } from '../../domain/time/durations.ts';
import { DomainError } from '../../domain/errors.ts';
import { isSmallerRole } from '../../domain/requests/smaller-role.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Request, RequestChange } from '../../domain/requests/request.ts';
import { decidedBy } from './vote.ts';
import { assertEligibleApprover, evaluateVoteContext, prepareVoteContext, refusalOf } from './vote-context.ts';
import type { VoteContext, VoteResult } from './vote-context.ts';
import { castVote } from './count-votes.ts';
import type { Counted } from './count-votes.ts';
import { lockToDecide } from './lock-to-decide.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps, Tx } from '../deps.ts';
import { refuse } from '../record/record-refusal.ts';

type Terms = RequestChange['before'];

export const approveWithChanges = async (deps: Deps, input: ChangeInput): Promise<VoteResult> => {
  const context = await prepareVoteContext(deps, input);
  const before = { role: context.request.role, durationMs: context.request.durationMs };
  const after = { role: input.role ?? before.role, durationMs: input.durationMs ?? before.durationMs };
  const problem = context.request.extendsGrantId
    ? new DomainError('change_extension')
    : wideningOf(context.policy, context.request, { before, after });
  if (problem) return refuse(deps, refusalOf(context.voter, context.request), problem);
  const changed = await evaluateVoteContext(deps, { ...context, request: { ...context.request, ...after } });
  const unfit = unfitnessOf(context, changed);
  if (unfit) return refuse(deps, refusalOf(context.voter, context.request), unfit);
  // A rule that approves the smaller request by itself needs no approver; then being an approver of the larger one is enough.
  const voteContext = changed.verdict.decision === 'ask' ? await assertEligibleApprover(deps, changed) : changed;
  const changing = {
    voteContext,
    judged: context.request,
    shown: input.shown ?? null,
    before,
    after,
    note: input.note,
  };
  return decidedBy(deps, voteContext, (tx) => change(deps, tx, changing));
};

/** What would make it more than was requested, or nothing different. */
const wideningOf = (
  policy: Policy,
  request: Request,
  { before, after }: { before: Terms; after: Terms },
): DomainError | null => {
  if (after.role === before.role && after.durationMs === before.durationMs) return new DomainError('change_nothing');
  if (!(after.durationMs > 0)) return new DomainError('bad_duration');
  if (after.durationMs > before.durationMs)
    return new DomainError('change_longer', { asked: formatDuration(before.durationMs) });
  const target = Object.hasOwn(policy.targets, request.target) ? policy.targets[request.target] : undefined;
  if (!target) return new DomainError('unknown_target', { target: request.target });
  const problem = isSmallerRole(target, before.role, after.role);
  if (problem === null) return null;
  const facts = { target: target.name, role: after.role, asked: before.role };
  return new DomainError(problem, facts);
};

const peopleNeeded = ({ requirements }: Pick<VoteContext, 'requirements'>): number =>
  requirements.reduce((sum, { count }) => sum + count, 0);

/** Why the changed request may not be sent at all. */
const unfitnessOf = (context: VoteContext, { verdict, requirements, unread }: VoteContext): DomainError | null => {
  const [problem] = verdict.problems;
  if (verdict.decision === 'deny' && unread) return unread;
  if (verdict.decision === 'deny')
    return new DomainError('change_denied', { code: verdict.code, rule: verdict.rule, message: verdict.message });
  if (problem) return new DomainError('change_unfit', { problem });
  const [before, after] = [peopleNeeded(context), peopleNeeded({ requirements })];
  const isMore = verdict.decision === 'ask' && after > before;
  return isMore ? new DomainError('change_more_people', { before, after, rule: verdict.rule }) : null;
};

/** `judged`: the request without the change. */
type Changing = {
  voteContext: VoteContext;
  judged: Request;
  shown: string | null;
  before: Terms;
  after: Terms;
  note: string | null;
};

const change = async (deps: Deps, tx: Tx, changing: Changing): Promise<Counted> => {
  const { voteContext, before, after, note } = changing;
  const found = await lockToDecide(tx, changing);
  if ('outcome' in found) return found;
  const { request: locked } = found;
  await tx.principals.upsert(voteContext.voter);
  const at = (await tx.now()).toISOString();
  const made: RequestChange = { byPersonId: voteContext.voter.id, at, before, after, note };
  await tx.requests.makeSmaller(locked.id, made);
  const mayRemain = deps.access.mayRemain(locked.target, after.role);
  await tx.requests.setMayRemain(locked.id, mayRemain);
  await tx.audit.append({
    type: 'request.changed',
    actor: actorOf(voteContext.voter),
    requestId: locked.id,
    grantId: null,
    target: locked.target,
    role: after.role,
    data: { before, after, note, policy: voteContext.policy.sha256, mayRemain },
  });
  const request = { ...locked, ...after, mayRemain, changes: [...locked.changes, made] };
  const counted = await castVote(deps, tx, { voteContext, request, kind: 'approve', reason: null, isRepeatFine: true });
  // The transaction would keep the change without the vote.
  if (counted.outcome === 'refused') throw new DomainError(counted.code, counted.facts ?? {});
  return counted;
};

/** `null` keeps what was requested. */
export type ChangeInput = {
  caller: PersonCaller;
  requestId: string;
  role: string | null;
  durationMs: number | null;
  note: string | null;
  /** As in `VoteInput`. */
  shown?: string | null;
};
