/** Somebody keeps their access beyond the close of the incident it was given for, to its own end, where the rules would give it without the incident. */
import { lookupFailed } from '../identity/lookup-failed.ts';
import { DomainError } from '../../domain/errors.ts';
import type { ErrorCode, Facts } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import { fingerprintOfJson } from '../../domain/requests/fingerprint.ts';
import type { Request } from '../../domain/requests/request.ts';
import { mustView } from '../record/must-find.ts';
import { mayBy } from '../identity/named-among.ts';
import { isKept } from '../../domain/grants/ending.ts';
import type { KeepGrantInput, KeepGrantResult } from './incident-types.ts';
import { notifyHolder } from '../grants/notify-holder.ts';
import { evaluate } from '../decisions/evaluate.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps, Tx } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';
import { refuse } from '../record/record-refusal.ts';

type Keeping = { person: Person; view: RequestView; grant: Grant; incident: Incident };

export const keepGrant = async (deps: Deps, input: KeepGrantInput): Promise<KeepGrantResult> => {
  const { person } = input.caller;
  const [found, incident] = await Promise.all([
    deps.store.read.grant(input.grantId),
    deps.store.read.incidentOfGrant(input.grantId),
  ]);
  if (!found) throw new DomainError('grant_not_found', { id: input.grantId });
  const view = await mustView(deps, found.requestId);
  if (!incident) throw new DomainError('keep_needless', {});
  const keeping: Keeping = { person, view, grant: found, incident };
  if (found.granteeId !== person.id)
    return rejectInvalid(deps, keeping, { code: 'not_your_grant', facts: { id: found.id } });
  const problem = problemNow(keeping);
  if (problem) throw new DomainError(problem, {});
  const denial = await denialOf(deps, keeping);
  if (denial) return rejectInvalid(deps, keeping, denial);
  const isRepeat = await deps.store.transaction((tx) => keep(tx, keeping));
  return { view: await mustView(deps, found.requestId), isRepeat };
};

type Denial = { code: ErrorCode; facts: Facts };

const rejectInvalid = (deps: Deps, { person, view, grant }: Keeping, { code, facts }: Denial): Promise<never> => {
  const { request } = view;
  const about = { requestId: request.id, grantId: grant.id, target: grant.target, role: grant.role };
  return refuse(deps, { type: 'grant.keep_refused', person, ...about }, new DomainError(code, facts));
};

/** Only between the close and the end is there something to choose. */
const problemNow = ({ grant, incident }: Pick<Keeping, 'grant' | 'incident'>): ErrorCode | null => {
  if (grant.state !== 'activating' && grant.state !== 'active') return 'grant_not_live';
  if (incident.state === 'open' || incident.endsAt === null) return 'keep_needless';
  return incident.endedAt === null ? null : 'keep_too_late';
};

const denialOf = async (deps: Deps, { person, view, grant }: Keeping): Promise<Denial | null> => {
  const policy = deps.policy();
  const keepBy = policy.incidents?.keepBy ?? null;
  if (keepBy !== null) {
    const may = await mayBy(deps, { policy, person, freshness: 'fresh', refs: keepBy });
    if (may === 'unknown') throw lookupFailed(deps.directory, keepBy);
    if (may === 'no') return { code: 'keep_denied', facts: { who: keepBy } };
  }
  if (view.request.isBreakGlass) return null;
  const requested: Request = { ...view.request, durationMs: grant.durationMs };
  const verdict = await evaluate(deps, policy, { requester: person, requested, freshness: 'fresh', incident: null });
  if (verdict.decision === 'deny')
    return { code: 'keep_denied', facts: { rule: verdict.rule, message: verdict.message } };
  // Longer than the rules give without the incident, say.
  if (verdict.problems.length > 0) return { code: 'keep_denied', facts: { rule: verdict.rule } };
  if (verdict.decision === 'approve') return null;
  return isAgreed(view, verdict) ? null : { code: 'keep_denied', facts: { rule: verdict.rule } };
};

type Wanted = Extract<Verdict, { decision: 'ask' }>;

/**
 * People agreed to it by the very rule that needs them without the incident: nothing would come out differently. A rule may have been
 * made stricter under its name since, so what it wanted of them is compared as well.
 */
const isAgreed = ({ decision, request }: RequestView, { rule, requirements, isInOrder }: Wanted): boolean =>
  decision !== null &&
  decision.byPersonId !== null &&
  decision.rule === rule &&
  fingerprintOfJson([request.requirements, request.isInOrder]) === fingerprintOfJson([requirements, isInOrder]);

/** True when it was kept before. */
const keep = async (tx: Tx, { person, grant, incident }: Keeping): Promise<boolean> => {
  const current = await tx.incidents.lock(incident.id);
  const locked = await tx.grants.lock(grant.id);
  if (!current || !locked) throw new DomainError('grant_not_found', { id: grant.id });
  const problem = problemNow({ grant: locked, incident: current });
  if (problem) throw new DomainError(problem, {});
  if (isKept(locked, current)) return true;
  await tx.principals.upsert(person);
  await tx.incidents.keepGrant(grant.id);
  await tx.audit.append({
    type: 'grant.kept',
    actor: actorOf(person),
    requestId: grant.requestId,
    grantId: grant.id,
    target: grant.target,
    role: grant.role,
    data: { incident: incident.id, expiresAt: locked.expiresAt.toISOString() },
  });
  await notifyHolder(tx, grant.requestId);
  return false;
};
