/** A refusal is an event too: it is written before the person hears it. */
import type { DomainError } from '../../domain/errors.ts';
import type { EventType } from '../../domain/audit/events.ts';
import type { Json } from '../../domain/json.ts';
import type { Person } from '../../domain/principals/person.ts';
import { actorOf } from './audit-entry.ts';
import type { Deps } from '../deps.ts';
import type { RequestEvaluation } from './request-evaluation.ts';

export type Refusal = {
  type: Extract<
    EventType,
    `${string}.refused` | 'grant.end_refused' | 'grant.retry_refused' | 'grant.keep_refused' | 'request.cancel_refused'
  >;
  person: Person;
  requestId?: string | null;
  grantId?: string | null;
  target?: string | null;
  role?: string | null;
  data?: { [key: string]: Json };
  /** Kept with it, where an ask is refused. */
  asked?: Pick<RequestEvaluation, 'judgedAt' | 'record'>;
};

/** In an hour and for one person; beyond that one event says how many there were by then. */
const EACH_MAX = 50;

/** Each of the first, then the 64th, the 128th, …: nobody fills the log by hammering, and none goes uncounted. */
const isWritten = (count: number): boolean => count <= EACH_MAX || Number.isInteger(Math.log2(count));

export const recordRefusal = (deps: Deps, refusal: Refusal): Promise<void> =>
  deps.store.transaction(async (tx) => {
    await tx.principals.upsert(refusal.person);
    const count = await tx.limits.countRefusal(refusal.person.id);
    if (!isWritten(count)) return;
    if (refusal.asked) await tx.asks.record({ requestId: null, requesterId: refusal.person.id, ...refusal.asked });
    await tx.audit.append({
      type: refusal.type,
      actor: actorOf(refusal.person),
      requestId: refusal.requestId ?? null,
      grantId: refusal.grantId ?? null,
      target: refusal.target ?? null,
      role: refusal.role ?? null,
      data: { ...refusal.data, ...(count > EACH_MAX && { refusalsThisHour: count }) },
    });
  });

export const refuse = async (deps: Deps, refusal: Refusal, error: DomainError): Promise<never> => {
  await recordRefusal(deps, { ...refusal, data: { code: error.code, ...refusal.data } });
  throw error;
};
