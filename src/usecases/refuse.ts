/** A refusal is an event too: it is written before the person hears it. */
import type { DomainError } from '../core/errors.ts';
import type { EventType } from '../core/events.ts';
import type { Json, Person } from '../core/types.ts';
import { actorOf } from './ports.ts';
import type { Deps } from './ports.ts';
import type { AskedThen } from './ports-requests.ts';

export type Refusal = {
  type: Extract<EventType, `${string}.refused` | 'grant.end_refused' | 'grant.keep_refused' | 'request.cancel_refused'>;
  person: Person;
  requestId?: string | null;
  grantId?: string | null;
  target?: string | null;
  role?: string | null;
  data?: { [key: string]: Json };
  /** Kept with it, where an ask is refused. */
  asked?: Pick<AskedThen, 'judgedAt' | 'record'>;
};

export const recordRefusal = (deps: Deps, refusal: Refusal): Promise<void> =>
  deps.store.transaction(async (tx) => {
    await tx.people.upsert(refusal.person);
    if (refusal.asked) await tx.asks.record({ requestId: null, requesterId: refusal.person.id, ...refusal.asked });
    await tx.audit.append({
      type: refusal.type,
      actor: actorOf(refusal.person),
      requestId: refusal.requestId ?? null,
      grantId: refusal.grantId ?? null,
      target: refusal.target ?? null,
      role: refusal.role ?? null,
      data: refusal.data ?? {},
    });
  });

export const refuse = async (deps: Deps, refusal: Refusal, error: DomainError): Promise<never> => {
  await recordRefusal(deps, { ...refusal, data: { code: error.code, ...refusal.data } });
  throw error;
};
