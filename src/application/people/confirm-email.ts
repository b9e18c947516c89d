/** An admin says whose an address is, after it moved; until then it is not trusted. Nobody says so about their own account. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError, isDomainError } from '../../domain/errors.ts';
import { addressOf } from '../../domain/principals/email-bindings.ts';
import type { EmailObservation } from '../../domain/principals/email-bindings.ts';
import { isSameHuman } from '../../domain/principals/identity.ts';
import type { Person } from '../../domain/principals/person.ts';
import { isAmong } from '../identity/named-among.ts';
import { closeNotification } from '../record/notify-admins.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps } from '../deps.ts';
import { refreshPending } from '../record/refresh-pending.ts';
import { refuse } from '../record/record-refusal.ts';

const SHOWN_MAX = 50;
const TEXT_MAX = 200;

const assertAdmin = async (deps: Deps, admin: Person): Promise<void> => {
  const policy = deps.policy();
  if (await isAmong(deps, { policy, person: admin, refs: policy.admins, freshness: 'fresh' })) return;
  const refusal = { type: 'email_binding.refused', person: admin } as const;
  await refuse(deps, refusal, new DomainError('admins_only', { admins: policy.admins }));
};

const carries = async (deps: Deps, userId: string, address: string): Promise<boolean> => {
  try {
    const { email } = await deps.directory.person(userId);
    return email !== null && addressOf(email) === address;
  } catch (error) {
    if (isDomainError(error) && (error.code === 'unknown_person' || error.code === 'inactive_person')) return false;
    throw error;
  }
};

export const confirmAddress = async (deps: Deps, input: ConfirmAddressInput): Promise<{ person: Person }> => {
  const address = addressOf(input.address).slice(0, TEXT_MAX);
  const { person: admin } = input.caller;
  const person = await deps.directory.person(input.personUserId);
  await assertAdmin(deps, admin);
  const refusal = { type: 'email_binding.refused', person: admin, data: { address, for: person.id } } as const;
  if (isSameHuman(admin, person)) return refuse(deps, refusal, new DomainError('own_address'));
  if (!(await carries(deps, person.userId, address)))
    return refuse(deps, refusal, new DomainError('address_not_theirs', { address, name: person.name }));
  const seen = await deps.store.read.observations(person.teamId, { addresses: [address], userIds: [] });
  for (const { userId } of seen.filter((one) => one.userId !== person.userId)) {
    if (await carries(deps, userId, address))
      return refuse(deps, refusal, new DomainError('address_shared', { address, userId }));
  }
  await deps.store.transaction(async (tx) => {
    await tx.principals.upsert(admin);
    await tx.principals.upsert(person);
    await tx.addresses.confirm(person.teamId, { address, userId: person.userId }, admin.id);
    const before = seen.find((one) => one.address === address && one.isBound)?.userId ?? null;
    const entry = { actor: actorOf(admin), requestId: null, grantId: null, target: null, role: null };
    await tx.audit.append({ ...entry, type: 'email_binding.confirmed', data: { address, person: person.id, before } });
    const notices = await tx.announcements.openAbout({ kind: 'address', address });
    for (const key of notices)
      await closeNotification(tx, key, `${admin.name} confirmed that the address ${address} is ${person.name}'s.`);
    await refreshPending(tx);
  });
  return { person };
};

/** For admins: addresses of which they were notified and that are not settled. */
export const conflictingAddresses = async (
  deps: Deps,
  input: { caller: PersonCaller },
): Promise<EmailObservation[]> => {
  const admin = input.caller.person;
  await assertAdmin(deps, admin);
  return deps.store.read.conflicting(admin.teamId, SHOWN_MAX);
};

export type ConfirmAddressInput = { caller: PersonCaller; address: string; personUserId: string };
