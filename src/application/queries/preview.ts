/** What would happen if this were sent: the dry run of `ask`, from recent look-ups, with nothing stored. */
import { liveAccessOf } from '../requests/send-request.ts';
import { allowedBy } from '../decisions/pre-approvals.ts';
import { potentialApprovers } from '../decisions/potential-approvers.ts';
import { mayBreak } from '../break-glass/break-glass.ts';
import { openIncidentOf } from '../decisions/incident-facts.ts';
import { defaultDurationMs, evaluate } from '../decisions/evaluate.ts';
import { remainsOf } from '../decisions/remains.ts';
import type { Remains } from '../decisions/remains.ts';
import { resolveStart } from '../../domain/time/start.ts';
import type { Deps } from '../deps.ts';
import type { PreviewInput, AlreadyHas } from '../requests/request-types.ts';
import type { Holdings } from '../decisions/limit-ports.ts';
import { liveProblem, openProblem } from '../decisions/limits.ts';
import type { DomainError } from '../../domain/errors.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { PotentialApprovers } from '../decisions/potential-approvers.ts';

export const preview = async (deps: Deps, input: PreviewInput): Promise<PreviewResult> => {
  const policy = deps.policy();
  const person = input.caller.person;
  const requested = {
    target: input.target,
    role: input.role,
    durationMs: input.durationMs ?? defaultDurationMs(policy, input.target, input.role),
    reason: input.reason.trim(),
    ticket: input.ticket?.trim() || null,
  };
  const incident = await openIncidentOf(deps, input.incidentChannelId);
  const alert = input.alert ? await deps.store.read.alert(input.alert.id) : null;
  const verdict = await evaluate(deps, policy, { requester: person, requested, freshness: 'recent', incident, alert });
  const eligible = verdict.decision === 'ask' ? await potentialApprovers(deps, person, verdict.requirements) : [];
  const [mayBreakGlass, allowers, alreadyHas, held, needsPublicKey] = await Promise.all([
    mayBreak(deps, person, requested),
    allowedBy(deps, { requester: person, verdict, requested, startsAt: await startOf(deps, input, person) }),
    liveAccessOf(deps, { granteeId: person.id, ...requested }),
    deps.store.read.holdings(person.id),
    isKeyMissing(deps, person, requested),
  ]);
  const targetProblem = deps.access.problems()[input.target] ?? null;
  const remains = remainsOf(deps, requested);
  const limit = limitProblems(policy, verdict, { held, isAtOnce: allowers.length > 0 });
  return {
    verdict,
    eligible,
    targetProblem,
    ...remains,
    mayBreakGlass,
    needsPublicKey,
    allowedBy: allowers,
    alreadyHas,
    ...limit,
  };
};

const isKeyMissing = async (deps: Deps, { id }: Person, requested: { target: string }): Promise<boolean> =>
  deps.access.isIssued(requested) && (await deps.store.read.publicKey(id)) === null;

type Having = { held: Holdings; isAtOnce: boolean };

/** What is approved at once counts as live; what waits counts as open, and whether it could be approved now is shown. */
const limitProblems = (
  policy: Policy,
  { decision, rule }: Verdict,
  { held, isAtOnce }: Having,
): Pick<PreviewResult, 'limit' | 'liveFull'> => {
  if (decision === 'deny') return { limit: null, liveFull: null };
  const live = liveProblem(held, { policy, rule }, { isBreakGlass: false });
  if (decision === 'approve' || isAtOnce) return { limit: live, liveFull: null };
  return { limit: openProblem(held, { policy, rule }), liveFull: live ? held.live.length : null };
};

const startOf = async (deps: Deps, { start = null }: PreviewInput, person: Person): Promise<Date | null> => {
  const timezones = [person.timezone, deps.policy().timezone];
  return start && resolveStart(start, { now: await deps.store.read.now(), timezones });
};

/** `targetProblem`: what is wrong with the target right now, in a sentence, or null. It holds nothing up; it is shown. */
export type PreviewResult = Remains & {
  verdict: Verdict;
  eligible: PotentialApprovers[];
  targetProblem: string | null;
  mayBreakGlass: boolean;
  /** Credentials of the target are made for a public key of this person, and none is known. */
  needsPublicKey: boolean;
  /** Those whose pre-approvals let this person in at once; empty where they do not. */
  allowedBy: Person[];
  alreadyHas: AlreadyHas | null;
  /** Why it would not be sent: this person has as much as one person may have. */
  limit: DomainError | null;
  /** How many live grants keep it from being approved now, where they do. */
  liveFull: number | null;
};
