/** How much one person may have at the same time: counted in the transaction that writes, for every way in. */
import { DomainError, isDomainError } from '../../domain/errors.ts';
import { limitsOf } from '../../domain/policy/limits.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Holdings } from './limit-ports.ts';

type LimitsOf = { policy: Policy; rule: string | null };
type Of = Pick<Request, 'id' | 'isBreakGlass'>;

/** Facts of a refusal name a few; `list` has them all. */
const NAMED_MAX = 10;

const openError = (max: number, open: Holdings['open']): DomainError =>
  new DomainError('open_requests_reached', {
    max,
    count: open.length,
    open: open.slice(0, NAMED_MAX).map((one) => ({ ...one, lapsesAt: one.lapsesAt.toISOString() })),
  });

const liveError = (max: number, live: Holdings['live'], isBreakGlass: boolean): DomainError =>
  new DomainError('live_grants_reached', {
    max,
    count: live.length,
    isBreakGlass,
    live: live.slice(0, NAMED_MAX).map((one) => ({ ...one, expiresAt: one.expiresAt.toISOString() })),
  });

/** Null where one more may wait. `exceptId` is the request that is being written. */
export const openProblem = (
  { open }: Holdings,
  { policy, rule }: LimitsOf,
  exceptId: string | null = null,
): DomainError | null => {
  const max = limitsOf(policy, rule).openRequests;
  const others = open.filter(({ requestId }) => requestId !== exceptId);
  return others.length >= max ? openError(max, others) : null;
};

/** Null where one more may live. Break-glass is held up by break-glass only: no ordinary access stands between a person and a fire. */
export const liveProblem = (
  { live }: Holdings,
  { policy, rule }: LimitsOf,
  { isBreakGlass }: Pick<Of, 'isBreakGlass'>,
): DomainError | null => {
  const max = isBreakGlass ? policy.limits.liveGrants : limitsOf(policy, rule).liveGrants;
  const counted = isBreakGlass ? live.filter((one) => one.isBreakGlass) : live;
  return counted.length >= max ? liveError(max, counted, isBreakGlass) : null;
};

export const isLimit = (error: unknown): error is DomainError =>
  isDomainError(error) && (error.code === 'open_requests_reached' || error.code === 'live_grants_reached');

/** The same for an approver: it is the requester who has too much. */
export const limitOf = (error: DomainError, name: string): DomainError =>
  new DomainError(error.code, { ...error.facts, name });
