/** A person takes a link back; an admin, who is another person, releases an account from it. Only a release ends what counts against. */
import type { LinkedKind } from '../../domain/clients/account-host.ts';
import { DomainError } from '../../domain/errors.ts';
import { isSameHuman } from '../../domain/principals/identity.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { AccountLink } from '../identity/account-link-ports.ts';
import type { PersonCaller } from '../identity/caller.ts';
import { isAmong } from '../identity/named-among.ts';
import { actorOf } from '../record/audit-entry.ts';
import { refreshPending } from '../record/refresh-pending.ts';
import { refuse } from '../record/record-refusal.ts';
import type { Deps } from '../deps.ts';
import { policyNames } from './link-account.ts';
import type { ShownLink } from './link-account.ts';

const SHOWN_MAX = 50;

const assertAdmin = async (deps: Deps, person: Person): Promise<void> => {
  const policy = deps.policy();
  if (await isAmong(deps, { policy, person, refs: policy.admins, freshness: 'fresh' })) return;
  await refuse(
    deps,
    { type: 'account_link.refused', person },
    new DomainError('admins_only', { admins: policy.admins }),
  );
};

const entryOf = (person: Person) =>
  ({ actor: actorOf(person), requestId: null, grantId: null, target: null, role: null }) as const;

/** Their own accounts of this kind are shown no more. Gives those it was about; they still count against them. */
export const unlinkAccounts = async (
  deps: Deps,
  { caller: { person }, kind }: { caller: PersonCaller; kind: LinkedKind },
): Promise<AccountLink[]> => {
  const links = (await deps.store.read.linksOfPerson(person.id)).filter(
    (link) => link.kind === kind && link.unlinkedAt === null,
  );
  if (links.length === 0) throw new DomainError('account_unknown', { kind });
  await deps.store.transaction(async (tx) => {
    for (const { id, host, accountId, login } of links) {
      await tx.accountLinks.unlink(id);
      const data = { kind, host, account: accountId, login };
      await tx.audit.append({ ...entryOf(person), type: 'account_link.ended', data });
    }
  });
  return links;
};

/** `host`: which of several servers of this kind; null where the id is linked on one only. */
type Releasing = { caller: PersonCaller; kind: LinkedKind; accountId: string; host: string | null };

const isOn = (link: AccountLink, host: string): boolean => link.host === host || new URL(link.host).host === host;

const linkOf = async (deps: Deps, { kind, accountId, host }: Omit<Releasing, 'caller'>): Promise<AccountLink> => {
  const all = await deps.store.read.accountLinks(Number.MAX_SAFE_INTEGER);
  const [link, ...more] = all.filter(
    (one) => one.kind === kind && one.accountId === accountId && (host === null || isOn(one, host)),
  );
  if (!link) throw new DomainError('account_unknown', { kind, accountId });
  const hosts = [link, ...more].map((one) => one.host);
  // An id names another account on each server.
  if (more.length > 0) throw new DomainError('account_on_hosts', { kind, accountId, hosts: hosts.join(', ') });
  return link;
};

export const releaseAccount = async (
  deps: Deps,
  { caller: { person: admin }, kind, accountId, host: named }: Releasing,
): Promise<AccountLink> => {
  await assertAdmin(deps, admin);
  const found = await linkOf(deps, { kind, accountId, host: named });
  const person = await deps.store.read.person(found.personId);
  if (found.personId === admin.id || (person && isSameHuman(admin, person)))
    return refuse(
      deps,
      { type: 'account_link.refused', person: admin, data: { kind, account: accountId } },
      new DomainError('account_own', { kind }),
    );
  const { id, host, login, personId } = found;
  await deps.store.transaction(async (tx) => {
    await tx.principals.upsert(admin);
    await tx.accountLinks.release(id);
    const data = { kind, host, account: accountId, login, person: personId };
    await tx.audit.append({ ...entryOf(admin), type: 'account_link.released', data });
    await refreshPending(tx);
  });
  return found;
};

/** For admins: the newest first. */
export const allLinks = async (deps: Deps, { caller }: { caller: PersonCaller }): Promise<ShownLink[]> => {
  await assertAdmin(deps, caller.person);
  const links = await deps.store.read.accountLinks(SHOWN_MAX);
  return links.map((link) => ({ ...link, policyNames: policyNames(deps, link) }));
};
