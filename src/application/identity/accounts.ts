/** The people behind accounts of a CI. The policy's word comes first; a link says it only where the policy says nothing. */
import { accountHost } from '../../domain/clients/account-host.ts';
import type { Issuer } from '../../domain/clients/issuer.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Deps } from '../deps.ts';
import type { AccountLink } from './account-link-ports.ts';

type Looking = Pick<Deps, 'policy'> & { store: { read: Pick<Deps['store']['read'], 'linksOf'> } };

export type Behind = {
  accountId: string;
  /** A Slack user id or an address, as the policy or the link has it. */
  ref: string;
  link: AccountLink | null;
};

const issuerNamed = ({ issuers }: Policy, name: string): Issuer | null =>
  (Object.hasOwn(issuers, name) ? issuers[name] : undefined) ?? null;

/** Whom `accounts` of the policy names; null where it is silent. */
export const namedInPolicy = ({ accounts }: Policy, issuer: string, accountId: string): string | null => {
  const known = Object.hasOwn(accounts, issuer) ? accounts[issuer] : undefined;
  return (known && Object.hasOwn(known, accountId) ? known[accountId] : undefined) ?? null;
};

const linked = async (deps: Looking, issuer: Issuer | null, accountIds: readonly string[]): Promise<AccountLink[]> => {
  const of = issuer && accountIds.length > 0 ? accountHost(issuer) : null;
  return of === null ? [] : deps.store.read.linksOf({ ...of, accountIds });
};

export const behindAccounts = async (
  deps: Looking,
  issuerName: string,
  accountIds: readonly string[],
): Promise<Behind[]> => {
  const policy = deps.policy();
  const ids = [...new Set(accountIds)].filter((id) => id !== '');
  const named = ids.flatMap((accountId) => {
    const ref = namedInPolicy(policy, issuerName, accountId);
    return ref === null ? [] : [{ accountId, ref, link: null }];
  });
  const silent = ids.filter((id) => !named.some(({ accountId }) => accountId === id));
  const links = await linked(deps, issuerNamed(policy, issuerName), silent);
  return [...named, ...links.map((link) => ({ accountId: link.accountId, ref: link.userId, link }))];
};

/** As `startedBy` has them: they never approve. */
export const peopleOfAccounts = async (
  deps: Looking,
  issuerName: string,
  accounts: readonly ({ id: string } | null)[],
): Promise<string[]> => {
  const ids = accounts.flatMap((account) => account?.id ?? []);
  return (await behindAccounts(deps, issuerName, ids)).map(({ ref }) => ref);
};
