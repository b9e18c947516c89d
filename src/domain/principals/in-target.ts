/**
 * Who a requester is in a target where access is in their own name. `name`: as `identity` of the target says it. `account`: what the
 * target itself calls the account, null where it was not looked at. `hadAlready`: had this access without Latchkey, null where not known.
 */
export type InTarget = { name: string; account: string | null; hadAlready: boolean | null };

/** Null where both are the same as far as both are known; else what is another now. */
export const otherAccount = (before: InTarget, now: InTarget): string | null => {
  if (before.account !== null && now.account !== null) return before.account === now.account ? null : now.account;
  return before.name === now.name ? null : now.name;
};
