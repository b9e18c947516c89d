/** A refusal is an event too: it is written before the person hears it. */
import type { DomainError, ErrorCode } from '../../domain/errors.ts';
import { checkEntry } from '../../domain/audit/check-entry.ts';
import type { EventData, EventType } from '../../domain/audit/events.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import { actorOf } from './audit-entry.ts';
import type { Deps } from '../deps.ts';
import type { RequestEvaluation } from './request-evaluation.ts';

type RefusalType = Exclude<Extract<EventType, `${string}refused`>, 'checkpoint.refused'>;
/** What this kind of refusal says beside its code. */
type Said<T extends RefusalType> = Omit<EventData<T>, 'code' | 'refusalsThisHour'>;
type WithData<D> = object extends D ? { data?: D } : { data: D };

export type Refusal = {
  [T in RefusalType]: WithData<Said<T>> & {
    type: T;
    /** Who was refused. */
    person: Requester;
    requestId?: string | null;
    grantId?: string | null;
    target?: string | null;
    role?: string | null;
    /** Kept with it, where a request is refused. */
    evaluation?: Pick<RequestEvaluation, 'judgedAt' | 'record'>;
  };
}[RefusalType];

/** In an hour and for one person; beyond that one event says how many there were by then. */
const EACH_MAX = 50;

/** Each of the first, then the 64th, the 128th, …: nobody fills the log by hammering, and none goes uncounted. */
const isWritten = (count: number): boolean => count <= EACH_MAX || Number.isInteger(Math.log2(count));

export const recordRefusal = (deps: Deps, refusal: Refusal, code: ErrorCode | null = null): Promise<void> =>
  deps.store.transaction(async (tx) => {
    await tx.principals.upsert(refusal.person);
    const count = await tx.limits.countRefusal(refusal.person.id);
    if (!isWritten(count)) return;
    if (refusal.evaluation)
      await tx.evaluations.record({ requestId: null, requesterId: refusal.person.id, ...refusal.evaluation });
    const entry = checkEntry({
      type: refusal.type,
      actor: actorOf(refusal.person),
      requestId: refusal.requestId ?? null,
      grantId: refusal.grantId ?? null,
      target: refusal.target ?? null,
      role: refusal.role ?? null,
      data: {
        ...(code !== null && { code }),
        ...refusal.data,
        ...(count > EACH_MAX && { refusalsThisHour: count }),
      },
    });
    await tx.audit.append(entry);
  });

export const refuse = async (deps: Deps, refusal: Refusal, error: DomainError): Promise<never> => {
  await recordRefusal(deps, refusal, error.code);
  throw error;
};
