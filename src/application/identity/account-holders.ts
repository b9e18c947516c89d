/**
 * Who has a known account of their own on a host: such a person is not behind another one there. Where it is not known whose an account is,
 * only they count as approvers (ADR 13).
 */
import { accountHost } from '../../domain/clients/account-host.ts';
import { issuerNamed } from '../../domain/clients/named.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Deps } from '../deps.ts';
import type { Freshness } from './directory.ts';
import { isAmong } from './named-among.ts';
import type { UnlinkedAccount } from './people-behind.ts';

type HolderDeps = Pick<Deps, 'directory' | 'policy'> & {
  store: { read: Pick<Deps['store']['read'], 'linksOfPerson'> };
};

type HolderQuery = { person: Person; issuer: string; freshness: Freshness };

/** By the very account that the policy names; what is only like it gives nothing. */
const isListed = async (deps: HolderDeps, { person, issuer, freshness }: HolderQuery): Promise<boolean> => {
  const policy = deps.policy();
  const { accounts } = policy;
  const refs = Object.hasOwn(accounts, issuer) ? Object.values(accounts[issuer] ?? {}) : [];
  return isAmong(deps, { policy, person, refs, freshness });
};

/** Also one that they took back: it goes on being theirs until an admin releases it. */
const isLinked = async ({ policy, store }: HolderDeps, { person, issuer }: HolderQuery): Promise<boolean> => {
  const named = issuerNamed(policy(), issuer);
  const of = named && accountHost(named);
  if (!of) return false;
  const links = await store.read.linksOfPerson(person.id);
  return links.some(({ kind, host }) => kind === of.kind && host === of.host);
};

const hasAccount = async (deps: HolderDeps, query: HolderQuery): Promise<boolean> =>
  (await isLinked(deps, query)) || (await isListed(deps, query));

type Among = { people: readonly Person[]; unlinked: readonly UnlinkedAccount[]; freshness: Freshness };

/** Ids of those who may be behind an account of which it is not known whose it is. Empty where the policy lets that pass. */
export const maybeBehind = async (deps: HolderDeps, { people, unlinked, freshness }: Among): Promise<Set<string>> => {
  if (unlinked.length === 0 || deps.policy().unlinkedAccounts === 'allow') return new Set();
  const issuers = [...new Set(unlinked.map(({ issuer }) => issuer))];
  const distinct = [...new Map(people.map((person) => [person.id, person])).values()];
  const found = await Promise.all(
    distinct.map(async (person) => {
      for (const issuer of issuers) if (!(await hasAccount(deps, { person, issuer, freshness }))) return [person.id];
      return [];
    }),
  );
  return new Set(found.flat());
};
