/** Takes access at once, without approval: for those the policy names, with a reason, notified to everyone concerned, and reviewed after. */
import { remainsOf } from '../decisions/remains.ts';
import type { Remains } from '../decisions/remains.ts';
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { BreakGlassVerdict } from '../../domain/policy/break-glass.ts';
import { isBreakGlassRole, evaluateBreakGlass } from '../../domain/policy/break-glass.ts';
import type { BreakGlass, Policy } from '../../domain/policy/types.ts';
import type { RequestProblem } from '../../domain/policy/verdict.ts';
import type { RequestedAccess } from '../../domain/policy/decision-facts.ts';
import { isSameHuman } from '../../domain/principals/identity.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Request, Requirement } from '../../domain/requests/request.ts';
import { factsOfRequest } from '../decisions/evaluate.ts';
import { openIncidentOf } from '../decisions/incident-facts.ts';
import { holdIncident } from '../decisions/incident-tie.ts';
import { isLimit } from '../decisions/limits.ts';
import type { Deps, Tx } from '../deps.ts';
import type { Freshness } from '../identity/directory.ts';
import { lookUpInTarget } from '../grants/in-target.ts';
import { isAmong } from '../identity/named-among.ts';
import { actorOf } from '../record/audit-entry.ts';
import { mustView } from '../record/must-find.ts';
import { recordRefusal, refuse } from '../record/record-refusal.ts';
import type { RequestView } from '../record/request-view.ts';
import { approveRequest } from '../requests/approve-request.ts';
import type { CreateRequestInput, PreviewInput } from '../requests/request-types.ts';
import type { NewRequest } from '../requests/request-ports.ts';
import { storeRequest } from '../requests/transitions.ts';

/** Never later, never longer than `break_glass.max`; `durationMs` null is the role's default within it. */
export type BreakGlassInput = Omit<CreateRequestInput, 'start' | 'caller'> & { caller: PersonCaller };

/** `refused`: the person can fix it. Who may not, or is blocked by an overdue review, gets a `DomainError`. */
export type BreakGlassResult =
  | { outcome: 'sent'; view: RequestView; isRepeat: boolean; targetProblem: string | null }
  | { outcome: 'refused'; problems: RequestProblem[] };

/** What break-glass would do, from recent look-ups. */
export type BreakGlassPreview = Remains & {
  durationMs: number;
  capMs: number;
  problems: RequestProblem[];
  skipped: Requirement[];
  overrides: { rule: string | null; message: string } | null;
  /** The rule that would let this person in at once without it. */
  needlessBy: string | null;
  /** An overdue review of theirs that stands in the way: it would be refused. */
  blockedBy: { grantId: string; dueAt: string } | null;
};

/** What decisions and the audit log call it where a rule's name stands otherwise. */
export const BREAK_GLASS_RULE = 'break-glass';

type Evaluated = {
  policy: Policy;
  breakGlass: BreakGlass;
  person: Person;
  requested: RequestedAccess;
  incident: Incident | null;
  verdict: BreakGlassVerdict;
};

export const breakGlass = async (deps: Deps, input: BreakGlassInput): Promise<BreakGlassResult> => {
  const person = input.caller.person;
  const refusal = { type: 'break_glass.refused', person, target: input.target, role: input.role } as const;
  const judged = await judgeTaking(deps, { person, input, freshness: 'fresh' }).catch((error: unknown) => {
    if (error instanceof DomainError && error.code.startsWith('break_glass')) return refuse(deps, refusal, error);
    throw error;
  });
  const { problems } = judged.verdict;
  if (problems.length > 0) {
    await recordRefusal(deps, { ...refusal, data: { codes: problems.map(({ code }) => code) } });
    return { outcome: 'refused', problems };
  }
  const stored = await writeIdentified(deps, { judged, key: input.idempotencyKey }).catch((error: unknown) => {
    if (isLimit(error) || (error instanceof DomainError && error.code === 'identity_unknown'))
      return refuse(deps, refusal, error);
    throw error;
  });
  if ('blockedBy' in stored) return refuse(deps, refusal, new DomainError('break_glass_blocked', stored.blockedBy));
  const view = await mustView(deps, stored.id);
  const targetProblem = deps.access.problems()[view.request.target] ?? null;
  return { outcome: 'sent', view, isRepeat: stored.isRepeat, targetProblem };
};

export const previewBreakGlass = async (deps: Deps, input: PreviewInput): Promise<BreakGlassPreview> => {
  const person = input.caller.person;
  // Taking looks again, inside its own transaction.
  const [{ requested, verdict }, blockedBy] = await Promise.all([
    judgeTaking(deps, { person, input, freshness: 'recent' }),
    deps.store.transaction((tx) => overdueOf(tx, person)),
  ]);
  const { capMs, problems, skipped, overrides, isNeedless, rule } = verdict;
  const needlessBy = isNeedless ? rule : null;
  return {
    durationMs: requested.durationMs,
    capMs,
    problems,
    skipped,
    overrides,
    needlessBy,
    blockedBy,
    ...remainsOf(deps, requested),
  };
};

/** Whether a button for it is worth showing. A look-up that fails hides it; the command says why. */
export const mayBreak = async (
  deps: Pick<Deps, 'policy' | 'directory' | 'log'>,
  person: Person,
  requested: Pick<RequestedAccess, 'target' | 'role'>,
): Promise<boolean> => {
  const policy = deps.policy();
  if (!policy.breakGlass || !isBreakGlassRole(policy.breakGlass, requested)) return false;
  try {
    return await isAmong(deps, { policy, person, refs: policy.breakGlass.who, freshness: 'recent' });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    deps.log.warn({ err: error, person: person.id }, 'could not look up who may use break-glass');
    return false;
  }
};

const assertRole = (policy: Policy, { target, role }: Pick<RequestedAccess, 'target' | 'role'>): void => {
  const found = Object.hasOwn(policy.targets, target) ? policy.targets[target] : undefined;
  if (!found) throw new DomainError('unknown_target', { target });
  if (!Object.hasOwn(found.roles, role)) throw new DomainError('unknown_role', { target, role });
};

type Judging = { person: Person; input: PreviewInput; freshness: Freshness };

/** Throws where break-glass does not reach, or this person may not. */
export const judgeTaking = async (deps: Deps, { person, input, freshness }: Judging): Promise<Evaluated> => {
  const policy = deps.policy();
  const { breakGlass: allowed } = policy;
  const { target, role } = input;
  assertRole(policy, input);
  if (!allowed) throw new DomainError('break_glass_off');
  if (!isBreakGlassRole(allowed, input)) throw new DomainError('break_glass_role', { target, role });
  if (!(await isAmong(deps, { policy, person, refs: allowed.who, freshness })))
    throw new DomainError('break_glass_who', { who: allowed.who });
  const wanted = {
    target,
    role,
    durationMs: input.durationMs ?? 0,
    reason: input.reason.trim(),
    ticket: input.ticket?.trim() || null,
  };
  const incident = await openIncidentOf(deps, input.incidentChannelId);
  const facts = await factsOfRequest(deps, policy, { requester: person, requested: wanted, freshness, incident });
  const verdict = evaluateBreakGlass(policy, allowed, { requested: wanted, facts });
  if (!verdict) throw new DomainError('unknown_role', { target, role });
  const requested = { ...wanted, durationMs: input.durationMs ?? verdict.defaultMs };
  return { policy, breakGlass: allowed, person, requested, incident, verdict };
};

/** A review of theirs that keeps them from breaking glass again. */
export const overdueOf = async (tx: Tx, person: Person): Promise<{ dueAt: string; grantId: string } | null> => {
  const overdue = (await tx.reviews.listOverdue()).find((one) => isSameHuman(one.person, person));
  return overdue ? { dueAt: overdue.review.dueAt.toISOString(), grantId: overdue.review.grantId } : null;
};

type Writing = { judged: Evaluated; key: string | null };

const writeIdentified = async (deps: Deps, writing: Writing): Promise<Written> => {
  const { policy, requested, person } = writing.judged;
  const { target, role } = requested;
  const inTarget = await lookUpInTarget(deps, { policy, target, role, requester: person });
  return deps.store.transaction((tx) => write(deps, tx, { ...writing, inTarget }));
};

type Written = { id: string; isRepeat: boolean } | { blockedBy: { dueAt: string; grantId: string } };

type Identified = Writing & Pick<NewRequest, 'inTarget'>;

const newRequest = (deps: Deps, { judged, key, inTarget }: Identified): NewRequest => {
  const { policy, person, requested, incident, verdict } = judged;
  return {
    id: deps.ids.next(),
    requesterId: person.id,
    ...requested,
    incidentId: incident?.id ?? null,
    isBreakGlass: true,
    state: 'pending',
    rule: verdict.rule,
    policySha256: policy.sha256,
    requirements: verdict.skipped,
    isInOrder: false,
    idempotencyKey: key,
    pendingMs: policy.pendingMs,
    mayRemain: deps.access.mayRemain(requested.target, requested.role),
    inTarget,
  };
};

const write = async (deps: Deps, tx: Tx, { judged, key, inTarget }: Identified): Promise<Written> => {
  const { policy, person, incident, verdict } = judged;
  const blockedBy = await overdueOf(tx, person);
  if (blockedBy) return { blockedBy };
  await tx.principals.upsert(person);
  await holdIncident(tx, incident);
  const { outcome, request } = await storeRequest(tx, {
    request: newRequest(deps, { judged, key, inTarget }),
    actor: actorOf(person),
    facts: factsOf(judged),
  });
  if (outcome === 'exists') return { id: request.id, isRepeat: true };
  const grantId = await approveRequest(tx, deps.ids, {
    request,
    policy,
    rule: BREAK_GLASS_RULE,
    actor: actorOf(person),
    byPersonId: person.id,
    voterIds: [],
    note: overrideNote(verdict),
  });
  if (grantId === null) throw new Error('break-glass is for access, and access has a grant');
  await openReview(deps, tx, { judged, request, grantId });
  return { id: request.id, isRepeat: false };
};

const overrideNote = ({ overrides }: BreakGlassVerdict): string | null => {
  if (!overrides) return null;
  return overrides.rule === null ? overrides.message : `Rule "${overrides.rule}" says no: ${overrides.message}`;
};

const factsOf = ({ incident, verdict }: Evaluated) => ({
  isBreakGlass: true,
  incident: incident?.id ?? null,
  skipped: verdict.skipped.map(({ label, count }) => ({ label, count })),
  overrides: verdict.overrides,
  isNeedless: verdict.isNeedless,
});

type Opening = { judged: Evaluated; request: Request; grantId: string };

const openReview = async (deps: Deps, tx: Tx, { judged, request, grantId }: Opening): Promise<void> => {
  const { person, breakGlass: allowed } = judged;
  const ids = { grantId, requestId: request.id, personId: person.id };
  const { dueAt } = await tx.reviews.insert({ id: deps.ids.next(), ...ids, withinMs: allowed.reviewWithinMs });
  await tx.audit.append({
    type: 'follow_up.opened',
    actor: actorOf(person),
    requestId: request.id,
    grantId,
    target: request.target,
    role: request.role,
    data: { dueAt: dueAt.toISOString(), reviewers: allowed.reviewers, notified: allowed.notify },
  });
};
