/** The people behind a request, by every name that they have here, so that none of them is taken for somebody else at a vote. */
import { issuerNamed } from '../../domain/clients/named.ts';
import { isDomainError } from '../../domain/errors.ts';
import { accountsBehind } from '../../domain/principals/account-behind.ts';
import type { AccountBehind } from '../../domain/principals/ci-account.ts';
import type { IssuerKind } from '../../domain/principals/client.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Deps } from '../deps.ts';
import { behindAccounts } from './accounts.ts';
import type { Behind } from './accounts.ts';
import type { Freshness } from './directory.ts';

type BehindDeps = Pick<Deps, 'log' | 'policy'> & {
  directory: Pick<Deps['directory'], 'members' | 'recentMembers'>;
  store: { read: Pick<Deps['store']['read'], 'linksOf'> };
};

/** Whose it is, is not known: neither the policy nor a link says it, and no member of the workspace has an address of it. */
export type UnlinkedAccount = AccountBehind & { kind: IssuerKind | null };

const namesOf = async ({ directory, log }: BehindDeps, ref: string, freshness: Freshness): Promise<string[]> => {
  try {
    const read = freshness === 'fresh' ? directory.members : directory.recentMembers;
    const found = await read([{ kind: 'person', ref }], null);
    return found.flatMap(({ id, userId, email }) => [id, userId, ...(email === null ? [] : [email])]);
  } catch (error) {
    if (!isDomainError(error)) throw error;
    // What the policy wrote still counts against them.
    log.warn({ err: error }, 'a person behind a request could not be looked up');
    return [];
  }
};

const knownOf = async (
  deps: BehindDeps,
  accounts: readonly AccountBehind[],
): Promise<(Behind & { issuer: string })[]> => {
  const issuers = [...new Set(accounts.map(({ issuer }) => issuer))];
  const found = await Promise.all(
    issuers.map(async (issuer) => {
      const ids = accounts.flatMap((one) => (one.issuer === issuer ? [one.id] : []));
      return (await behindAccounts(deps, issuer, ids)).map((one) => ({ ...one, issuer }));
    }),
  );
  return found.flat();
};

type ReadBehind<R extends Requester> = { requester: R; unlinked: UnlinkedAccount[] };

/** Read at every decision: an account may be linked, or listed in the policy, only after the request was made. */
export const readBehind = async <R extends Requester>(
  deps: BehindDeps,
  requester: R,
  freshness: Freshness,
): Promise<ReadBehind<R>> => {
  const accounts = accountsBehind(requester);
  if (accounts.length === 0) return { requester, unlinked: [] };
  const known = await knownOf(deps, accounts);
  const others = accounts.filter(
    ({ issuer, id }) => id === '' || !known.some((one) => one.issuer === issuer && one.accountId === id),
  );
  const byAddress = await Promise.all(
    others.map(async (one) => ({
      one,
      names: (await Promise.all(one.emails.map((email) => namesOf(deps, email, freshness)))).flat(),
    })),
  );
  const startedBy = [
    ...(requester.startedBy ?? []),
    ...known.map(({ ref }) => ref),
    ...byAddress.flatMap(({ names }) => names),
  ];
  const policy = deps.policy();
  const unlinked = byAddress.flatMap(({ one, names }) =>
    names.length > 0 ? [] : [{ ...one, kind: issuerNamed(policy, one.issuer)?.kind ?? null }],
  );
  return { requester: { ...requester, startedBy: [...new Set(startedBy)] }, unlinked };
};

const USER_ID = /^[UW][A-Z0-9]+$/;

/** Who started the job is shown beside the account, unless the person took the link back. */
const withStarter = async <R extends Requester>(deps: BehindDeps, requester: R): Promise<R> => {
  if (requester.kind === 'person') return requester;
  const { issuer, job } = requester;
  const [found] = await behindAccounts(deps, issuer, [job.actorId]);
  if (!found || (found.link !== null && found.link.unlinkedAt !== null)) return requester;
  const userId = (await namesOf(deps, found.ref, 'fresh')).find((name) => USER_ID.test(name));
  return userId === undefined ? requester : { ...requester, job: { ...job, actorUserId: userId } };
};

/** Nobody else is behind a person's own request, unless it comes from a pull request. */
export const withPeopleBehind = async <R extends Requester>(deps: BehindDeps, of: R): Promise<R> => {
  const { requester } = await readBehind(deps, await withStarter(deps, of), 'fresh');
  const { startedBy = [] } = requester;
  if (startedBy.length === 0) return requester;
  const found = await Promise.all(startedBy.map((ref) => namesOf(deps, ref, 'fresh')));
  return { ...requester, startedBy: [...new Set([...startedBy, ...found.flat()])] };
};
