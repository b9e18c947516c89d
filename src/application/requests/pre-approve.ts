/** An approver agrees before there is a request, and takes it back. It is judged again, whole, at every use. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError } from '../../domain/errors.ts';
import { isSameHuman } from '../../domain/principals/identity.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import type { Person } from '../../domain/principals/person.ts';
import { count, lookUp } from '../decisions/pre-approvals.ts';
import { remainsOf } from '../decisions/remains.ts';
import type { Remains } from '../decisions/remains.ts';
import { isAmong } from '../identity/named-among.ts';
import { defaultDurationMs, evaluate } from '../decisions/evaluate.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { PreApprovalView } from '../../domain/requests/pre-approval.ts';
import type { Deps } from '../deps.ts';
import { refuse } from '../record/record-refusal.ts';

/** Longer than this, a rule should say it. */
const PRE_APPROVAL_MAX_MS = 30 * 86_400_000;
const LIMIT = 200;

type NeedsApprovals = Extract<Verdict, { decision: 'ask' }>;

export const preApprove = async (deps: Deps, input: PreApproveInput): Promise<PreApproveResult> => {
  const policy = deps.policy();
  const { target, role, forMs } = input;
  assertRole(policy, input);
  if (!(forMs > 0) || forMs > PRE_APPROVAL_MAX_MS)
    throw new DomainError('pre_approval_too_long', { maxMs: PRE_APPROVAL_MAX_MS });
  const { person: by } = input.caller;
  const person = await deps.directory.person(input.personUserId);
  const refusal = { type: 'pre_approval.refused', person: by, target, role, data: { for: person.id } } as const;
  if (isSameHuman(by, person)) return refuse(deps, refusal, new DomainError('own_pre_approval'));
  const verdict = await verdictNeedingApprovals(deps, policy, { person, target, role });
  const ahead = await lookUp(deps, person, { requirements: verdict.requirements, freshness: 'fresh' });
  if (!ahead.members.some((members) => members.some(({ id }) => id === by.id))) {
    const labels = verdict.requirements.map(({ label }) => label);
    return refuse(deps, refusal, new DomainError('not_an_approver', { labels }));
  }
  const id = deps.ids.next();
  await write(deps, { id, by, person, input, verdict, policy });
  const preApproval = await mustPreApproval(deps, id);
  const all = await deps.store.read.preApprovals({ personId: person.id }, LIMIT);
  const live = all.filter((one) => one.personId === person.id && one.target === target && one.role === role);
  const { missing } = count(ahead, live);
  const short = missing.map((one) => ({ label: one.label, count: one.count - one.have }));
  return { preApproval, missing: short, ...remainsOf(deps, input) };
};

const assertRole = ({ targets }: Policy, { target, role }: Pick<PreApproveInput, 'target' | 'role'>): void => {
  const found = Object.hasOwn(targets, target) ? targets[target] : undefined;
  if (!found) throw new DomainError('unknown_target', { target });
  if (!Object.hasOwn(found.roles, role)) throw new DomainError('unknown_role', { target, role });
};

type Allowed = { person: Person; target: string; role: string };

/** What the rules say to this person now. Reason, ticket and time are judged when it is used. */
const verdictNeedingApprovals = async (
  deps: Deps,
  policy: Policy,
  { person, target, role }: Allowed,
): Promise<NeedsApprovals> => {
  const durationMs = defaultDurationMs(policy, target, role);
  const requested = { target, role, durationMs, reason: '', ticket: null };
  const verdict = await evaluate(deps, policy, { requester: person, requested, freshness: 'fresh', incident: null });
  if (verdict.decision === 'ask') return verdict;
  if (verdict.decision === 'approve') throw new DomainError('pre_approval_needless', { rule: verdict.rule });
  throw new DomainError(verdict.code, { rule: verdict.rule, message: verdict.message });
};

type Writing = {
  id: string;
  by: Person;
  person: Person;
  input: PreApproveInput;
  verdict: NeedsApprovals;
  policy: Policy;
};

const write = (deps: Deps, { id, by, person, input, verdict, policy }: Writing): Promise<void> =>
  deps.store.transaction(async (tx) => {
    const { target, role, forMs } = input;
    await tx.principals.upsert(by);
    await tx.principals.upsert(person);
    const { expiresAt } = await tx.preApprovals.insert({
      id,
      personId: person.id,
      target,
      role,
      byPersonId: by.id,
      forMs,
    });
    const rule = { rule: verdict.rule, policy: policy.sha256 };
    await tx.audit.append({
      type: 'pre_approval.given',
      actor: actorOf(by),
      requestId: null,
      grantId: null,
      target,
      role,
      data: { preApproval: id, person: person.id, expiresAt: expiresAt.toISOString(), ...rule },
    });
    await tx.outbox.add('pre_approval', id);
  });

const mustPreApproval = async (deps: Deps, id: string): Promise<PreApprovalView> => {
  const preApproval = await deps.store.read.preApproval(id);
  if (!preApproval) throw new DomainError('pre_approval_not_found', { id });
  return preApproval;
};

/** By its giver, by whom it is for, by owners of the target and by admins. */
export const withdrawPreApproval = async (
  deps: Deps,
  input: { caller: PersonCaller; id: string },
): Promise<{ preApproval: PreApprovalView }> => {
  const person = input.caller.person;
  const preApproval = await mustPreApproval(deps, input.id);
  const { id, target, role } = preApproval;
  const isTheirs = person.id === preApproval.byPersonId || person.id === preApproval.personId;
  if (!isTheirs && !(await mayRevoke(deps, person, target))) {
    const refusal = { type: 'pre_approval.refused', person, target, role, data: { preApproval: id } } as const;
    return refuse(deps, refusal, new DomainError('not_your_pre_approval', { id }));
  }
  await deps.store.transaction(async (tx) => {
    await tx.principals.upsert(person);
    if (!(await tx.preApprovals.revoke(id, person.id))) throw new DomainError('pre_approval_not_found', { id });
    await tx.audit.append({
      type: 'pre_approval.withdrawn',
      actor: actorOf(person),
      requestId: null,
      grantId: null,
      target,
      role,
      data: { preApproval: id, person: preApproval.personId, by: preApproval.byPersonId },
    });
    await tx.outbox.add('pre_approval', id);
  });
  return { preApproval: await mustPreApproval(deps, id) };
};

const mayRevoke = (deps: Deps, person: Person, target: string): Promise<boolean> => {
  const policy = deps.policy();
  const refs = [...policy.admins, ...(policy.targets[target]?.owners ?? [])];
  return isAmong(deps, { policy, person, refs, freshness: 'fresh' });
};

export type PreApproveInput = {
  caller: PersonCaller;
  personUserId: string;
  target: string;
  role: string;
  forMs: number;
};

/** `missing`: what others still have to allow before it lets the person in; empty when it does by itself. */
export type PreApproveResult = Remains & { preApproval: PreApprovalView; missing: { label: string; count: number }[] };
