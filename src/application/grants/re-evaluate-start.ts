/** Judges a grant with a future start again at its start, and one that waited for a fix of its target: what held when it was approved may hold no more. */
import { lookupFailed } from '../identity/lookup-failed.ts';
import { tiedAlert } from '../decisions/alert-facts.ts';
import { DomainError, isDomainError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Json } from '../../domain/json.ts';
import { TOO_OLD, abandon, isTooOld, readsOf, retry } from './activation-failures.ts';
import { isHeld, LOOK_MS, scopeOfNow } from './hold.ts';
import { entryOf } from '../record/audit-entry.ts';
import { tiedIncident } from '../decisions/incident-tie.ts';
import { factsOfRequest, unreadGroups } from '../decisions/evaluate.ts';
import { readRequesterAgain } from '../identity/read-again.ts';
import { isAmong } from '../identity/named-among.ts';
import { evaluateBreakGlass, isBreakGlassRole } from '../../domain/policy/break-glass.ts';
import { decide } from '../../domain/policy/decide.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { DecisionFacts } from '../../domain/policy/decision-facts.ts';
import { personIn } from '../../domain/principals/requester.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Deps, Tx } from '../deps.ts';

/** `why`: what is in the way. `scope`: what the role allows now, where that is not what was approved. */
type Judged = { why: string | null; scope: Json | undefined };

const RESCOPED = 'The policy changed what this role allows after it was approved, so it needs a new approval.';

/** True when it may be made now. Before its time nothing happens: an alarm that rings early is no start. */
export const reEvaluateStart = async (deps: Deps, grant: Grant): Promise<boolean> => {
  const { startsAt } = grant;
  if (grant.state !== 'activating' || (startsAt && (await deps.store.read.now()) < startsAt)) return false;
  try {
    const { why, scope } = await judgeAgain(deps, grant);
    if (why === null && scope === undefined) return true;
    await change(deps, grant, (tx, current) =>
      why === null
        ? rescope(deps, tx, { grant: current, scope })
        : abandon(tx, current, { cause: 'not_started', reason: why }),
    );
    return why === null;
  } catch (error) {
    if (!isDomainError(error) || error.code !== 'lookup_failed') throw error;
    deps.log.warn({ err: error, grant: grant.id }, 'could not judge a start again; trying later');
    const failure = {
      kind: 'lookup_failed',
      message: 'Who this is, and in which groups, could not be looked up.',
      isRetried: true,
    };
    await change(deps, grant, async (tx, current) =>
      // It stays one that waits for a fix, so that it is judged before it is set up.
      isHeld(current)
        ? tx.grants.setNextAttempt(current.id, LOOK_MS)
        : (await isTooOld(deps, readsOf(tx), current))
          ? abandon(tx, current, { cause: 'abandoned', reason: TOO_OLD })
          : retry(tx, { grant: current, failure }),
    );
  }
  return false;
};

const rescope = async (
  deps: Deps,
  tx: Tx,
  { grant, scope }: { grant: Grant; scope: Json | undefined },
): Promise<void> => {
  if (scope === undefined) return;
  await tx.grants.setScope(grant.id, scope);
  const data = { before: grant.scope, after: scope, policy: deps.policy().sha256 };
  await tx.audit.append({ ...entryOf(grant), type: 'grant.rescoped', data });
};

const change = (deps: Deps, { id }: Grant, work: (tx: Tx, grant: Grant) => Promise<void>): Promise<void> =>
  deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(id);
    if (current?.state === 'activating' && !(await tx.grants.isLeased(id))) await work(tx, current);
  });

const TOO_LONG = 'The policy does not allow it for so long any more.';

/**
 * Denials and caps of now hold. What people approved stays approved; what a rule alone approved must be approved by a rule now,
 * since the person may no longer be who it was for: on call then, say. What a role allows is part of what people approved: another scope
 * needs another approval, whether it is wider or a mere rename, since only an approver can judge that.
 */
const judgeAgain = async (deps: Deps, grant: Grant): Promise<Judged> => {
  const view = await deps.store.read.view(grant.requestId);
  if (!view) throw new DomainError('grant_not_found', { id: grant.id });
  const { request, requester, decision } = view;
  const refused = (why: string | null): Judged => ({ why, scope: undefined });
  try {
    const now = await readRequesterAgain(deps, requester);
    const policy = deps.policy();
    const [incident, alert] = await Promise.all([tiedIncident(deps, request), tiedAlert(deps, policy, request)]);
    const facts = await factsOfRequest(deps, policy, {
      requester: now,
      requested: request,
      freshness: 'fresh',
      incident,
      alert,
    });
    const scope = isHeld(grant) ? scopeOfNow(deps, grant) : undefined;
    if (request.isBreakGlass) {
      const why = await breakGlassDenial(deps, policy, { grant, requester: now, requested: request, facts });
      return refused(why ?? (scope === undefined ? null : RESCOPED));
    }
    const verdict = decide(policy, request, facts);
    const unknownGroups = unreadGroups(facts);
    const isByRuleAlone = decision?.byPersonId === null;
    const isRefused = verdict.decision === 'deny' || (isByRuleAlone && verdict.decision === 'ask');
    if (isRefused && unknownGroups.length > 0) throw lookupFailed(deps.directory, unknownGroups);
    if (verdict.decision === 'deny') return refused(verdict.message);
    if (isRefused) return refused('No rule approves it by itself any more; ask again, and people will be asked.');
    if (grant.durationMs > verdict.capMs) return refused(TOO_LONG);
    return scope === undefined || isByRuleAlone ? { why: null, scope } : refused(RESCOPED);
  } catch (error) {
    if (isDomainError(error) && error.code === 'inactive_person') return refused('The account was deactivated.');
    if (isDomainError(error) && error.code === 'unknown_person')
      return refused('The account is not one of this workspace any more.');
    throw error;
  }
};

type Taken = { grant: Grant; requester: Requester; requested: Request; facts: DecisionFacts };

/** What overrode a rule when it was taken does so now; who may take it, what, and for how long is as the policy of now has it. */
const breakGlassDenial = async (deps: Deps, policy: Policy, taken: Taken): Promise<string | null> => {
  const { grant, requester, requested, facts } = taken;
  const { breakGlass } = policy;
  if (!breakGlass || !isBreakGlassRole(breakGlass, requested)) return 'Break-glass does not reach this role any more.';
  const person = personIn(requester);
  if (person === null || !(await isAmong(deps, { policy, person, refs: breakGlass.who, freshness: 'fresh' })))
    return 'The policy does not let this person use break-glass any more.';
  const verdict = evaluateBreakGlass(policy, breakGlass, { requested, facts });
  return verdict === null || grant.durationMs > verdict.capMs ? TOO_LONG : null;
};
