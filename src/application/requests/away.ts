/** Somebody says that they are away, until when, and who votes as their delegate meanwhile. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError, isDomainError } from '../../domain/errors.ts';
import { isSameHuman } from '../../domain/principals/identity.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Absence } from '../../domain/requests/vote.ts';
import { readUntil } from '../../domain/time/until.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps } from '../deps.ts';
import { refreshPending } from '../record/refresh-pending.ts';

const TEXT_SHOWN_MAX = 60;

const PROBLEMS = { unreadable: 'absence_unreadable', past: 'absence_past', too_long: 'absence_too_long' } as const;

export const setAway = async (deps: Deps, input: AwayInput): Promise<Absence> => {
  const person = input.caller.person;
  const now = await deps.store.read.now();
  const read = readUntil(input.when, { now, timezone: person.timezone ?? deps.policy().timezone });
  if ('problem' in read) throw new DomainError(PROBLEMS[read.problem], { text: input.when.slice(0, TEXT_SHOWN_MAX) });
  const delegate = input.delegateUserId === null ? null : await readDelegate(deps, person, input.delegateUserId);
  await deps.store.transaction(async (tx) => {
    for (const one of delegate ? [person, delegate] : [person]) await tx.principals.upsert(one);
    await tx.absences.put({ personId: person.id, until: read.until, delegateId: delegate?.id ?? null });
    const data = { until: read.until.toISOString(), delegate: delegate?.id ?? null };
    await tx.audit.append({ ...entryOf(person), type: 'absence.set', data });
    await refreshPending(tx);
  });
  return { personId: person.id, until: read.until, delegate };
};

/** Another active full member, who need not be an approver, and does not become one for anything else. */
const readDelegate = async (deps: Deps, person: Person, userId: string): Promise<Person> => {
  try {
    const delegate = await deps.directory.person(userId);
    if (isSameHuman(delegate, person)) throw new DomainError('delegate_self');
    return delegate;
  } catch (error) {
    const isUnfit = isDomainError(error) && (error.code === 'unknown_person' || error.code === 'inactive_person');
    if (!isUnfit) throw error;
    throw new DomainError('delegate_unfit', { name: error.facts['name'] ?? null }, { cause: error });
  }
};

export const endAway = async (deps: Deps, input: { caller: PersonCaller }): Promise<void> => {
  const person = input.caller.person;
  await deps.store.transaction(async (tx) => {
    if (!(await tx.absences.remove(person.id))) throw new DomainError('absence_none');
    await tx.principals.upsert(person);
    await tx.audit.append({ ...entryOf(person), type: 'absence.ended', data: {} });
    await refreshPending(tx);
  });
};

export const showAway = async (deps: Deps, input: { caller: PersonCaller }): Promise<Absence | null> => {
  const person = input.caller.person;
  const [absence] = await deps.store.read.absencesOf([person.id]);
  return absence ?? null;
};

const entryOf = (person: Person) =>
  ({ actor: actorOf(person), requestId: null, grantId: null, target: null, role: null }) as const;

/** `when` as it was typed: `until Friday`, `3d`. */
export type AwayInput = { caller: PersonCaller; when: string; delegateUserId: string | null };
