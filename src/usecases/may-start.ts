/** Judges a grant with a future start again at its start: what held when it was approved may hold no more. */
import { DomainError, isDomainError } from '../core/errors.ts';
import type { Grant } from '../core/types.ts';
import { abandon, isTooOld, retry, TOO_OLD } from './give-up.ts';
import { judge } from './judge.ts';
import type { Deps, Tx } from './ports.ts';

/** True when it may be made now. Before its time nothing happens: an alarm that rings early is no start. */
export const mayStart = async (deps: Deps, grant: Grant): Promise<boolean> => {
  const { startsAt } = grant;
  if (grant.state !== 'activating' || startsAt === null || (await deps.store.read.now()) < startsAt) return false;
  try {
    const why = await whyNot(deps, grant);
    if (why === null) return true;
    await change(deps, grant, (tx, current) => abandon(tx, current, { cause: 'not_started', reason: why }));
  } catch (error) {
    if (!isDomainError(error) || error.code !== 'lookup_failed') throw error;
    deps.log.warn({ err: error, grant: grant.id }, 'could not judge a start again; trying later');
    const failure = { kind: 'lookup_failed', message: 'Slack could not be asked who this is.', isRetried: true };
    await change(deps, grant, async (tx, current) =>
      (await isTooOld(deps, tx, current))
        ? abandon(tx, current, { cause: 'abandoned', reason: TOO_OLD })
        : retry(tx, { grant: current, failure }),
    );
  }
  return false;
};

const change = (deps: Deps, { id }: Grant, work: (tx: Tx, grant: Grant) => Promise<void>): Promise<void> =>
  deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(id);
    if (current?.state === 'activating' && !(await tx.grants.isLeased(id))) await work(tx, current);
  });

/** Denials and caps of now hold; the approvals stay given. */
const whyNot = async (deps: Deps, grant: Grant): Promise<string | null> => {
  const [stored, request] = await Promise.all([
    deps.store.read.person(grant.personId),
    deps.store.read.request(grant.requestId),
  ]);
  if (!stored || !request) throw new DomainError('grant_not_found', { id: grant.id });
  try {
    const person = await deps.directory.person(stored.userId);
    const verdict = await judge(deps, deps.policy(), { person, ask: request, freshness: 'fresh' });
    if (verdict.decision === 'deny') return verdict.message;
    return grant.durationMs > verdict.capMs ? 'The policy does not allow it for so long any more.' : null;
  } catch (error) {
    if (isDomainError(error) && error.code === 'inactive_person') return 'The account was deactivated.';
    if (isDomainError(error) && error.code === 'unknown_person')
      return 'The account is not one of this workspace any more.';
    throw error;
  }
};
