/**
 * Who a requester is in a target where access is in their own name. It is looked up before anybody approves, so that approvers read it and
 * a name that nobody knows is refused; and once more before the access is given, so that what was approved is what is given.
 */
import { DomainError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import { otherAccount } from '../../domain/principals/in-target.ts';
import type { InTarget } from '../../domain/principals/in-target.ts';
import type { Principal } from '../../domain/principals/principal.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Deps } from '../deps.ts';
import { isAmong } from '../identity/named-among.ts';
import type { AccessFailure, FoundInTarget } from './access-ports.ts';
import { movedName } from './target-names.ts';

type InTargetQuery = { policy: Policy; target: string; role: string; requester: Principal };

/** @throws DomainError `identity_unknown` with a sentence where it is known that it cannot be given. Null where access is in nobody's own name. */
export const lookUpInTarget = async (deps: Deps, query: InTargetQuery): Promise<InTarget | null> => {
  const { policy, target, role, requester } = query;
  const scope = policy.targets[target]?.roles[role]?.scope;
  if (scope === undefined) return null;
  const found = await findOrName(deps, { target, scope }, requester);
  if (found) await demandOwnAddress(deps, query);
  return found;
};

const findOrName = async (
  deps: Deps,
  of: Pick<Grant, 'target' | 'scope'>,
  requester: Principal,
): Promise<InTarget | null> => {
  const found = await findNow(deps, of, requester);
  if (found && 'failure' in found) {
    const { isRetried, message } = found.failure;
    const name = deps.access.nameIn(of.target, requester);
    // A target that is down holds up no request, as long as it is known whose access it will be.
    if (isRetried && name !== null) return { name, account: null, hadAlready: null };
    throw new DomainError('identity_unknown', { message });
  }
  const moved = await movedIn(deps, of, found);
  if (moved !== null) throw new DomainError('identity_unknown', { message: moved, isOfTarget: true });
  return found && { name: found.name, account: found.account, hadAlready: found.hadAlready };
};

const findNow = async (
  { access }: Deps,
  of: Pick<Grant, 'target' | 'scope'>,
  requester: Principal,
): Promise<FoundInTarget | { failure: AccessFailure } | null> => {
  try {
    return await access.find(of, requester);
  } catch (error) {
    return { failure: access.failureOf(error) };
  }
};

/** Why the name in the scope is not trusted now; null where it is. */
const movedIn = async (
  deps: Deps,
  { target, scope }: Pick<Grant, 'target' | 'scope'>,
  found: FoundInTarget | null,
): Promise<string | null> => (found?.named ? await movedName(deps, { target, scope, named: found.named }) : null);

/** Names follow from addresses: one that another account had before, or has too, is nobody's until an admin confirms it. */
const demandOwnAddress = async (deps: Deps, { policy, target, requester }: InTargetQuery): Promise<void> => {
  const identity = policy.targets[target]?.identity;
  if (requester.kind !== 'person' || requester.email === null || !identity) return;
  if ('map' in identity && Object.hasOwn(identity.map, requester.userId)) return;
  const { email } = requester;
  if (await isAmong(deps, { policy, person: requester, refs: [email], freshness: 'fresh' })) return;
  throw new DomainError('identity_unknown', {
    message: `The address ${email} is not confirmed as this account's, so Latchkey does not use it as a name in ${target}. An admin confirms it.`,
  });
};

type Giving = { grant: Grant; grantee: Principal; isFirst: boolean };

/**
 * What is about to be given is stored before the target is touched: by it an end knows what to take away, whatever happens in between.
 * An attempt that came to nothing may have given it, so what was found before that counts; but where they had it, none gives it.
 */
export const noteFound = async (
  deps: Deps,
  { grant, grantee, isFirst }: Giving,
): Promise<{ grant: Grant } | { failure: AccessFailure }> => {
  if (!isFirst && grant.handle !== null && !grant.hadAlready) return { grant };
  const found = await deps.access.find(grant, grantee);
  if (!found) return { grant };
  const moved = await movedIn(deps, grant, found);
  if (moved !== null) return { failure: denied(moved) };
  const approved = (await deps.store.read.request(grant.requestId))?.inTarget ?? null;
  const other = approved && otherAccount(approved, found);
  if (other !== null) return { failure: isAnother(approved, other) };
  if (found.handle === null || !deps.access.isShared(grant)) return { grant };
  const { handle } = found;
  const hadAlready = found.hadAlready === true && !(await isGivenByLatchkey(deps, { ...grant, handle }));
  await deps.store.transaction((tx) => tx.grants.setFound(grant.id, { handle, hadAlready }));
  return { grant: { ...grant, handle, hadAlready } };
};

const denied = (message: string): AccessFailure => ({ kind: 'denied', message, isRetried: false, isUntouched: true });

const isAnother = (approved: InTarget | null, now: string): AccessFailure =>
  denied(
    `It was approved for "${approved?.account ?? approved?.name ?? ''}" in the target, and by the policy of now it would be "${now}". Request it again.`,
  );

const LIVE = ['activating', 'active', 'ending', 'closed'] as const;

/** What is there now is of another grant, and ends with the last of them. */
const isGivenByLatchkey = async (deps: Deps, grant: Grant): Promise<boolean> =>
  (await deps.store.read.countSharers(grant, LIVE, { areGivers: true })) > 0;
