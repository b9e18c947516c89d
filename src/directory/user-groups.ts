/** Members of the user groups that the policy names, by id or by the group that a handle was first seen at. */
import { DomainError } from '../domain/errors.ts';
import { movedHandleText, userGroupNamed } from '../domain/principals/user-groups.ts';
import type { UserGroup } from '../domain/principals/user-groups.ts';
import type { HandleBindings } from '../application/identity/user-group-ports.ts';
import type { Loader } from '../lib/loader.ts';

type UserGroupSources = {
  teamId: () => string;
  handles: HandleBindings;
  groups: Loader<string, UserGroup[]>;
};

/** `found`: the other group that has the handle now. */
const failed = (ref: string, why: string, found: string | null = null): DomainError =>
  new DomainError('lookup_failed', { what: `user group ${ref}`, why, lasting: [why], isNotified: true, found });

/** @throws DomainError `lookup_failed` where the policy names none, a disabled one, or a handle that another group has taken. */
export const userGroupMembers = async (
  { teamId, handles, groups }: UserGroupSources,
  ref: string,
  freshness: 'fresh' | 'recent',
): Promise<string[]> => {
  const known = userGroupNamed(ref, await groups[freshness]('all'));
  // That one is gone is said of this moment only.
  const isCertain = known.group !== null || freshness === 'fresh';
  const named = isCertain ? known : userGroupNamed(ref, await groups.fresh('all'));
  if (named.group === null) throw failed(ref, named.problem);
  const { group, isByHandle } = named;
  if (!isByHandle) return group.users;
  const bound = await handles.bind(teamId(), { handle: ref, groupId: group.id });
  if (bound === group.id) return group.users;
  const text = movedHandleText({ handle: ref, bound, found: group.id });
  throw failed(ref, `${text}. An admin can write the id of the right group in the policy.`, group.id);
};
