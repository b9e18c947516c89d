/** How much longer a grant may last: its whole time is judged, as if all of it were requested now. */
import { isDomainError } from '../../domain/errors.ts';
import { evaluateBreakGlass } from '../../domain/policy/break-glass.ts';
import { decide } from '../../domain/policy/decide.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { RequestedAccess, DecisionFacts } from '../../domain/policy/decision-facts.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Request } from '../../domain/requests/request.ts';
import { endWithIncident } from '../../domain/grants/ending.ts';
import { factsOfRequest } from '../decisions/evaluate.ts';
import type { EvaluateDeps } from '../decisions/evaluate.ts';
import type { Deps, Tx } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';

/** What *+30 min* adds, where the cap leaves as much. */
export const USUAL_MORE_MS = 30 * 60_000;

/** The request that this grant came from, for `byMs` more than it has. */
export const longerRequest = (
  { durationMs }: Pick<Grant, 'durationMs'>,
  { target, role, reason, ticket }: Request,
  byMs: number,
): RequestedAccess => ({ target, role, durationMs: durationMs + byMs, reason, ticket });

/** Tries `byMs`; where that is null half an hour, or what the cap leaves of it. */
export const fitted = <V extends { capMs: number }>(
  grant: Pick<Grant, 'durationMs'>,
  byMs: number | null,
  judge: (byMs: number) => V,
): { byMs: number; leftMs: number; verdict: V } => {
  const wantedMs = byMs ?? USUAL_MORE_MS;
  const verdict = judge(wantedMs);
  const leftMs = verdict.capMs - grant.durationMs;
  if (byMs !== null || wantedMs <= leftMs || leftMs <= 0) return { byMs: wantedMs, leftMs, verdict };
  return { byMs: leftMs, leftMs, verdict: judge(leftMs) };
};

type Sources = EvaluateDeps & Pick<Deps, 'policy' | 'log'>;

/** What a click on *+30 min* would request, by recent look-ups; null where it could not be granted, or is requested already. */
export const offerOf = async (sources: Sources, view: RequestView): Promise<number | null> => {
  const { grant, request, requester, moreTime, incident } = view;
  if (grant?.state !== 'active' || moreTime !== null) return null;
  // A later end of its own would change nothing of the one that comes with the incident.
  if (endWithIncident(grant, incident)) return null;
  const policy = sources.policy();
  try {
    const requested = longerRequest(grant, request, USUAL_MORE_MS);
    const facts = await factsOfRequest(sources, policy, {
      requester,
      requested,
      freshness: 'recent',
      incident,
    });
    const offer = offered(policy, { grant, request, facts });
    return offer.isAllowed && offer.leftMs > 0 ? offer.byMs : null;
  } catch (error) {
    if (!isDomainError(error)) throw error;
    sources.log.warn({ err: error, request: request.id }, 'could not look up whether more time may be requested');
    return null;
  }
};

type Offering = { grant: Grant; request: Request; facts: DecisionFacts };

const offered = (policy: Policy, { grant, request, facts }: Offering) => {
  const fit = fitted(grant, null, (byMs) => {
    const requested = longerRequest(grant, request, byMs);
    if (!request.isBreakGlass) {
      const { capMs, decision } = decide(policy, requested, facts);
      return { capMs, isAllowed: decision !== 'deny' };
    }
    const glass = policy.breakGlass && evaluateBreakGlass(policy, policy.breakGlass, { requested, facts });
    return { capMs: glass?.capMs ?? 0, isAllowed: glass !== null };
  });
  return { ...fit, isAllowed: fit.verdict.isAllowed };
};

/** What shows the grant shows what is requested for it too. */
export const refreshExtended = async (tx: Tx, request: Pick<Request, 'extendsGrantId'>): Promise<void> => {
  if (request.extendsGrantId === null) return;
  const requestId = await tx.extensions.touchGrant(request.extendsGrantId);
  if (requestId) await tx.outbox.add('notify', requestId);
};
