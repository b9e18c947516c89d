/**
 * How long to wait before the next attempt on a target: 1 s doubling to 30 s, for ever, spread by up to a fifth. Not longer:
 * what is overdue must have ended within a minute of the target's return.
 */
const FIRST_MS = 1_000;
const CAP_MS = 30_000;
const SPREAD = 0.2;

export const retryInMs = (failedAttempts: number): number => {
  const plainMs = Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(failedAttempts, 20));
  return Math.round(plainMs * (1 - SPREAD * Math.random()));
};

/** Longer than any guarded call to a target, so that a lease never ends while its holder may still act. */
export const LEASE_MS = 30_000;
