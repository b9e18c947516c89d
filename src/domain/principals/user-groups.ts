/**
 * Which Slack user group the policy names. An id is that of one group for good; a handle can be freed, and then any member who may
 * manage user groups can give it to a group of their own. So a handle means the group that it was first seen at, or none.
 */

/** A user group as Slack lists it, with the disabled ones: their members are kept, and count for nothing. */
export type UserGroup = { id: string; handle: string; isDisabled: boolean; users: string[] };

/** How Slack writes the id of a user group, as `S0614TZR7`. A text of this form is an id and never a handle. */
const ID = /^S(?:[A-Z0-9]{7,}|[A-Z0-9]*\d[A-Z0-9]*)$/;

/** `sre`, `@sre`: blanks, the sign and the case of ASCII letters mean nothing. Letters that only look alike are other letters. */
export const handleOf = (text: string): string =>
  text
    .trim()
    .replace(/^@/, '')
    .replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** `isByHandle`: what it means hangs on who had the handle first. */
export type NamedGroup = { group: UserGroup; isByHandle: boolean; problem: null } | { group: null; problem: string };

const problem = (text: string): NamedGroup => ({ group: null, problem: text });

const one = (found: UserGroup, ref: string, isByHandle: boolean): NamedGroup =>
  found.isDisabled
    ? problem(`The user group ${ref} is disabled in Slack; an admin can enable it, or name another one in the policy.`)
    : { group: found, isByHandle, problem: null };

export const userGroupNamed = (ref: string, groups: readonly UserGroup[]): NamedGroup => {
  const exact = groups.find(({ id }) => id === ref);
  if (exact) return one(exact, ref, false);
  if (ID.test(ref))
    return problem(
      `Slack has no user group with the id ${ref}; an admin must correct it in the policy. Handles are in lower case.`,
    );
  const wanted = handleOf(ref);
  const meant = groups.find(({ id }) => id.toLowerCase() === wanted);
  if (meant) return problem(`${ref} is no handle: an admin must write the id as ${meant.id} in the policy.`);
  const holders = groups.filter(({ handle }) => handle !== '' && handleOf(handle) === wanted);
  const enabled = holders.filter(({ isDisabled }) => !isDisabled);
  if (enabled.length > 1)
    return problem(`Several user groups have the handle ${ref}; an admin must write the id of one in the policy.`);
  const [found = holders[0]] = enabled;
  return found ? one(found, ref, true) : problem(`Slack has no user group ${ref}; an admin must correct the policy.`);
};

/** `bound`: the id that the handle was first seen at. */
export const movedHandleText = ({ handle, bound, found }: { handle: string; bound: string; found: string }): string =>
  `The handle ${handle} was the user group ${bound} and is ${found} now, so it counts for no one`;
