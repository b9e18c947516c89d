/** Grants to choose from where an id would have to be typed: those one may end now, and those an auditor may ask evidence of. */
import { DomainError } from '../../domain/errors.ts';
import type { PersonCaller } from '../identity/caller.ts';
import { isAmong, mayBy } from '../identity/named-among.ts';
import type { Deps } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';

const SCANNED_MAX = 200;
const SHOWN_MAX = 10;

/** Live ones, soonest end first: their own, and those of targets in which they are in charge. Who may is judged again at the click. */
export const revocable = async (deps: Deps, { caller }: { caller: PersonCaller }): Promise<RequestView[]> => {
  const { person } = caller;
  const policy = deps.policy();
  const live = await deps.store.read.liveViews(null, SCANNED_MAX);
  const names = [...new Set(live.map(({ request }) => request.target))];
  const inCharge = new Set<string>();
  await Promise.all(
    names.map(async (name) => {
      const owners = Object.hasOwn(policy.targets, name) ? (policy.targets[name]?.owners ?? []) : [];
      const refs = [...policy.admins, ...owners];
      if ((await mayBy(deps, { policy, person, refs, freshness: 'recent' })) === 'yes') inCharge.add(name);
    }),
  );
  return live
    .filter(({ request, requester }) => requester.id === person.id || inCharge.has(request.target))
    .slice(0, SHOWN_MAX);
};

/** The newest, for auditors and admins. */
export const recentGrants = async (deps: Deps, { caller }: { caller: PersonCaller }): Promise<RequestView[]> => {
  const policy = deps.policy();
  const refs = [...policy.auditors, ...policy.admins];
  if (!(await isAmong(deps, { policy, person: caller.person, refs, freshness: 'fresh' })))
    throw new DomainError('auditors_only', { who: refs });
  return deps.store.read.grantedViews(SHOWN_MAX);
};
