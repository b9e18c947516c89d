/** Whose account is due for a check, and what goes with somebody who left. */
import { and, asc, eq, gt, isNull, or, sql } from 'drizzle-orm';
import type { LeaverWrites } from '../application/people/leaver-ports.ts';
import { preApprovals } from './schema/exceptions.ts';
import { absences, accountChecks } from './schema/notices.ts';
import { people } from './schema/principals.ts';
import { requests } from './schema/requests.ts';
import { ROW_LOCK, clockOnce, clock, clockPlus } from './statement.ts';
import type { Db } from './statement.ts';
import { requestColumns } from './request-columns.ts';

const involved = sql`(
  select grantee_id as id from grants where state in ('activating', 'active', 'ending')
  union select requester_id from requests where state = 'pending'
  union select v.voter_id from votes v join requests r on r.id = v.request_id where r.state = 'pending'
  union select unnest(array[person_id, by_person_id]) from pre_approvals where revoked_at is null and expires_at > clock_timestamp()
  union select unnest(array[person_id, delegate_id]) from absences where until > clock_timestamp())`;

/** A first check comes at some moment of the pause, so that checks spread by themselves. */
const takeChecks: (db: Db) => LeaverWrites['takeChecks'] = (db) => async (limit, everyMs) => {
  await db.execute(sql`
    insert into account_checks (person_id, next_at)
    select i.id, clock_timestamp() + random() * ${everyMs}::double precision * interval '1 millisecond' from ${involved} as i join people p on p.id = i.id
    where i.id is not null on conflict do nothing`);
  const due = db
    .select({ id: accountChecks.personId })
    .from(accountChecks)
    .where(and(sql`${accountChecks.nextAt} <= ${clockOnce}`, sql`${accountChecks.personId} in ${involved}`))
    .orderBy(asc(accountChecks.nextAt))
    .limit(limit)
    .for('update', { skipLocked: true });
  return db
    .update(accountChecks)
    .set({ nextAt: clockPlus(sql`${everyMs}`) })
    .from(people)
    .where(and(eq(people.id, accountChecks.personId), sql`${accountChecks.personId} in ${due}`))
    .returning({ person: people, misses: accountChecks.misses });
};

export const leaverWrites = (db: Db): LeaverWrites => ({
  takeChecks: takeChecks(db),
  noteCheck: async (personId, { misses, nextInMs }) => {
    await db
      .update(accountChecks)
      .set({ misses, ...(nextInMs === null ? {} : { nextAt: clockPlus(sql`${nextInMs}`) }) })
      .where(eq(accountChecks.personId, personId));
  },
  setInactive: async (personId) => {
    await db.update(people).set({ isActive: false }).where(eq(people.id, personId));
  },
  lockOwnPending: (personId) =>
    db
      .select(requestColumns)
      .from(requests)
      .where(and(sql`${requests.state} = 'pending'`, eq(requests.requesterId, personId)))
      .orderBy(asc(requests.id))
      .for(ROW_LOCK),
  withdrawAllPreApprovals: (personId) =>
    db
      .update(preApprovals)
      .set({ revokedAt: clock })
      .where(
        and(
          isNull(preApprovals.revokedAt),
          gt(preApprovals.expiresAt, clockOnce),
          or(eq(preApprovals.personId, personId), eq(preApprovals.byPersonId, personId)),
        ),
      )
      .returning({ id: preApprovals.id, target: preApprovals.target, role: preApprovals.role }),
  voidAbsences: async (personId) => {
    const own = await db.delete(absences).where(eq(absences.personId, personId));
    const stoodIn = await db.update(absences).set({ delegateId: null }).where(eq(absences.delegateId, personId));
    return (own.rowCount ?? 0) + (stoodIn.rowCount ?? 0);
  },
});
