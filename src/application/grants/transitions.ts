/**
 * How a grant begins and how it begins to end: state, audit event, outgoing work and version, together. No other file opens a grant or
 * puts one into `ending`; a test holds that. What the target confirms is written where the target was called: `activate.ts`, `hold.ts`,
 * `revoke-grants.ts`.
 */
import type { Actor } from '../../domain/audit/events.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import type { EndCause } from '../../domain/grants/end-cause.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import { moveGrant } from '../../domain/lifecycle.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Tx } from '../deps.ts';
import { actorOf, entryOf } from '../record/audit-entry.ts';
import { LEASE_MS } from '../record/backoff.ts';
import { notifyHolder } from './notify-holder.ts';

type NewGrant = Parameters<Tx['grants']['insert']>[0] & Pick<Grant, 'startsAt'>;

/** Demands a decision: the grant names it. The decision notifies; this hands the grant to its target, at its start. */
export const openGrant = async (tx: Tx, grant: NewGrant, actor: Actor): Promise<void> => {
  const { id, requestId, target, role, durationMs, startsAt } = grant;
  await tx.grants.insert(grant);
  await tx.audit.append({
    actor,
    requestId,
    grantId: id,
    target,
    role,
    type: 'grant.activating',
    data: { durationMs, startsAt: startsAt?.toISOString() ?? null },
  });
  const waitMs = startsAt ? Math.max(0, startsAt.getTime() - (await tx.now()).getTime()) : 0;
  await tx.outbox.add('activate', id, waitMs);
};

/** Why one grant ends before its time. `by`: the person or client who ends it, or null where Latchkey does. */
type Ending = { cause: Exclude<EndCause, 'expired' | 'incident_closed'>; by: Requester | null; reason: string | null };

/** `grant` is locked. Its holder is notified now; the target is called as outgoing work. @throws DomainError `bad_transition` */
export const endGrant = async (tx: Tx, grant: Grant, { cause, by, reason }: Ending): Promise<void> => {
  moveGrant(grant.state, 'ending');
  await tx.grants.setEnding(grant.id, { cause, by: by?.id ?? null, reason });
  const actor = by ? actorOf(by) : SYSTEM;
  await tx.audit.append({ ...entryOf(grant), actor, type: 'grant.ending', data: { cause, reason } });
  await tx.outbox.add('end', grant.id);
  // What was never active has no settled extension to refresh.
  if (grant.state === 'active') await notifyHolder(tx, grant.requestId);
  else await tx.outbox.add('notify', grant.requestId);
};

type Revocation = Parameters<Tx['revocations']['setEnding']>[0];

/** Why many grants end together; the caller locked them, and asks their targets itself. */
type EndingTogether =
  | { cause: 'expired' }
  | { cause: 'incident_closed'; incidentId: string }
  | { cause: 'revoked'; revocation: Revocation; actor: Actor };

const idsOf = (grants: readonly Grant[]): string[] => grants.map(({ id }) => id);

const setEnding = (tx: Tx, grants: readonly Grant[], ending: EndingTogether): Promise<void> => {
  if (ending.cause === 'expired') return tx.grants.expireMany(idsOf(grants), LEASE_MS);
  if (ending.cause === 'revoked') return tx.revocations.setEnding(ending.revocation, idsOf(grants), LEASE_MS);
  return tx.grants.endMany(idsOf(grants), { cause: ending.cause, leaseMs: LEASE_MS });
};

const dataOf = (grant: Grant, ending: EndingTogether) => {
  const { cause } = ending;
  if (cause === 'expired') return { cause, expiresAt: grant.expiresAt.toISOString() };
  if (cause === 'incident_closed') return { cause, incident: ending.incidentId };
  return { cause, reason: ending.revocation.reason, revocation: ending.revocation.id };
};

/**
 * Puts them into `ending`, held by the caller. Holders are not notified yet: the confirmed end, or its first failure, notifies them.
 * A grant that its incident ends while it is being made is handed on as outgoing work: who makes it releases it first.
 */
export const endGrants = async (tx: Tx, grants: readonly Grant[], ending: EndingTogether): Promise<void> => {
  await setEnding(tx, grants, ending);
  const actor = ending.cause === 'revoked' ? ending.actor : SYSTEM;
  for (const grant of grants) {
    await tx.audit.append({ ...entryOf(grant), actor, type: 'grant.ending', data: dataOf(grant, ending) });
    if (ending.cause !== 'incident_closed' || grant.state === 'active') continue;
    await tx.outbox.add('end', grant.id);
    await tx.outbox.add('notify', grant.requestId);
  }
};
