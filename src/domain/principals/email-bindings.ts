/**
 * Whom an address names. The policy and on-call schedules know people by address, and addresses move: an account is known by the
 * address it was first seen with, and an address by the account it was first seen at. Anything else names nobody until an admin
 * confirms it. Whatever an account carries or ever carried still counts against it, so no change of addresses ever lets more in.
 */

import { namedAddress } from './identity.ts';

/** One account that was seen with one address. At most one account is bound to an address. */
export type EmailObservation = {
  address: string;
  userId: string;
  isBound: boolean;
  /** Bound by an admin, and not by being seen first. */
  isConfirmed: boolean;
  /** Theirs before an admin confirmed another address for this account; it counts against it no more. */
  isPast: boolean;
  /** Admins were notified that it is not trusted. */
  isNotified: boolean;
};

/**
 * `moved`: it was another account's before. `changed`: the account that carries it was known by another address.
 * `shared`: several active accounts carry it. `unheld`: no active account of this workspace carries it.
 */
export type EmailConflict = 'moved' | 'changed' | 'shared' | 'unheld';

/** How an address is compared and kept. `+tags` are part of it: another mailbox may stand behind them. */
export const addressOf = namedAddress;

export type Carried = {
  address: string;
  /** Slack user ids of the active accounts that carry it now. */
  holders: readonly string[];
  observations: readonly EmailObservation[];
};

export type Named = { userId: string; conflict: null } | { userId: null; conflict: EmailConflict };

export const whomItNames = ({ address, holders, observations }: Carried): Named => {
  const [userId, ...twins] = new Set(holders);
  if (userId === undefined) return { userId: null, conflict: 'unheld' };
  if (twins.length > 0) return { userId: null, conflict: 'shared' };
  const bound = observations.find((one) => one.address === address && one.isBound);
  if (bound?.userId === userId) return { userId, conflict: null };
  return { userId: null, conflict: bound ? 'moved' : 'changed' };
};

/** Seen for the first time, both ways: nobody had the address, and the account had no other. Only then it is bound unasked. */
export const isFirstSight = (
  { address, userId }: Pick<EmailObservation, 'address' | 'userId'>,
  known: readonly Pick<EmailObservation, 'address' | 'userId'>[],
): boolean => !known.some((one) => one.address === address || one.userId === userId);

/** Every address that counts against an account: all it was seen with, but for those that an admin's confirmation settled. */
export const addressesAgainst = (userId: string, observations: readonly EmailObservation[]): string[] =>
  observations
    .filter((one) => one.userId === userId && !one.isPast)
    .map(({ address }) => address)
    .filter((address) => {
      const bound = observations.find((one) => one.address === address && one.isBound);
      return !(bound && bound.userId !== userId && bound.isConfirmed);
    });

const WHY: Record<EmailConflict, string> = {
  moved: 'it has moved to another Slack account',
  changed: 'the Slack account that has it now was known by another address',
  shared: 'several Slack accounts share it',
  unheld: 'no active member of this workspace has it',
};

/** `dana@acme.test is not trusted: it has moved to another Slack account` */
export const conflictText = (address: string, conflict: EmailConflict): string =>
  `${address} is not trusted: ${WHY[conflict]}`;
