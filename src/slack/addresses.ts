/** Which accounts were last seen with which address. It only ever takes away: an address seen at two accounts is looked at twice. */

export type Addresses = {
  /** null for an account that is closed or shows no address. */
  note(userId: string, email: string | null): void;
  othersWith(email: string, userId: string): string[];
};

/** Accounts remembered; the one seen longest ago goes first. */
const REMEMBERED_MAX = 50_000;

export const createAddresses = (): Addresses => {
  const addressOf = new Map<string, string>();
  const usersOf = new Map<string, Set<string>>();
  const forget = (userId: string): void => {
    const email = addressOf.get(userId);
    addressOf.delete(userId);
    const users = email === undefined ? undefined : usersOf.get(email);
    users?.delete(userId);
    if (email !== undefined && users?.size === 0) usersOf.delete(email);
  };
  return {
    note: (userId, given) => {
      forget(userId);
      if (given === null) return;
      const email = given.toLowerCase();
      addressOf.set(userId, email);
      usersOf.set(email, (usersOf.get(email) ?? new Set()).add(userId));
      const [oldest] = addressOf.keys();
      if (addressOf.size > REMEMBERED_MAX && oldest !== undefined) forget(oldest);
    },
    othersWith: (email, userId) => [...(usersOf.get(email) ?? [])].filter((id) => id !== userId),
  };
};
