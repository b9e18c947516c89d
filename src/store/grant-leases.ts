/** Leases: which process works on a grant at this moment, so that no two do. */
import { and, eq, gt, inArray, isNotNull, sql } from 'drizzle-orm';
import type { Tx } from '../application/deps.ts';
import { UNFINISHED_STATES, grants } from './schema/requests.ts';
import { clock, clockPlus, given, slot } from './statement.ts';
import type { Db } from './statement.ts';

const isId = eq(grants.id, slot('id'));
const isUnfinished = inArray(grants.state, sql.raw(`('${UNFINISHED_STATES.join("', '")}')`));

const claimStatement = (db: Db) =>
  db
    .update(grants)
    .set({ leaseUntil: clockPlus(given('leaseMs')) })
    .where(and(isId, isUnfinished))
    .returning({ id: grants.id })
    .prepare('grant_claim');

const claimToActivateStatement = (db: Db) =>
  db
    .update(grants)
    .set({ leaseUntil: clockPlus(given('leaseMs')), expiresAt: clockPlus(given('deadlineMs')) })
    .where(and(isId, eq(grants.state, 'activating')))
    .returning({ id: grants.id })
    .prepare('grant_claim_to_activate');

const isLeasedStatement = (db: Db) =>
  db
    .select({ id: grants.id })
    .from(grants)
    .where(and(isId, gt(grants.leaseUntil, clock)))
    .prepare('grant_is_leased');

const leaseOfStatement = (db: Db) =>
  db
    .select({ isLive: sql<boolean>`${grants.leaseUntil} > ${clock}` })
    .from(grants)
    .where(and(isId, isNotNull(grants.leaseUntil)))
    .prepare('grant_lease_of');

type LeaseWrites = Pick<Tx['grants'], 'claim' | 'isLeased' | 'leaseOf'>;

/** `refuse` says why nothing was claimed. */
export const leaseWrites = (db: Db, refuse: (id: string) => Promise<never>): LeaseWrites => {
  const claim = claimStatement(db);
  const claimToActivate = claimToActivateStatement(db);
  const isLeased = isLeasedStatement(db);
  const leaseOf = leaseOfStatement(db);
  return {
    claim: async (id, leaseMs, deadlineMs) => {
      const claimed = await (deadlineMs === null
        ? claim.execute({ id, leaseMs })
        : claimToActivate.execute({ id, leaseMs, deadlineMs }));
      if (claimed.length === 0) await refuse(id);
    },
    isLeased: async (id) => (await isLeased.execute({ id })).length > 0,
    leaseOf: async (id) => {
      const [lease] = await leaseOf.execute({ id });
      return lease ? (lease.isLive ? 'live' : 'over') : 'none';
    },
  };
};
