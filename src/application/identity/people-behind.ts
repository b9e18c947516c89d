/** The people behind a client's job, by every name that they have here, so that none of them is taken for somebody else at a vote. */
import { isDomainError } from '../../domain/errors.ts';
import type { Requester, RequestingClient } from '../../domain/principals/requester.ts';
import type { Deps } from '../deps.ts';
import { behindAccounts } from './accounts.ts';

type Looking = Pick<Deps, 'directory' | 'log' | 'policy'> & { store: { read: Pick<Deps['store']['read'], 'linksOf'> } };

const namesOf = async ({ directory, log }: Looking, ref: string): Promise<string[]> => {
  try {
    const found = await directory.members([{ kind: 'person', ref }], null);
    return found.flatMap(({ id, userId, email }) => [id, userId, ...(email === null ? [] : [email])]);
  } catch (error) {
    if (!isDomainError(error)) throw error;
    // What the policy wrote still counts against them.
    log.warn({ err: error }, 'a person behind a job could not be looked up');
    return [];
  }
};

/** Who started the job, by the account that its token names: shown beside the account, unless the person took the link back. */
const withStarter = async (deps: Looking, requester: RequestingClient): Promise<RequestingClient> => {
  const { issuer, job, startedBy } = requester;
  const [found] = await behindAccounts(deps, issuer, [job.actorId]);
  if (!found) return requester;
  const isShown = found.link === null || found.link.unlinkedAt === null;
  const userId = (await namesOf(deps, found.ref)).find((name) => USER_ID.test(name));
  return {
    ...requester,
    startedBy: [...new Set([...startedBy, found.ref])],
    ...(isShown && userId !== undefined && { job: { ...job, actorUserId: userId } }),
  };
};

const USER_ID = /^[UW][A-Z0-9]+$/;

/** Nobody else is behind a person's own request, unless it comes from a pull request. */
export const withPeopleBehind = async <R extends Requester>(deps: Looking, of: R): Promise<R> => {
  const requester = of.kind === 'client' ? { ...of, ...(await withStarter(deps, of)) } : of;
  const { startedBy = [] } = requester;
  if (startedBy.length === 0) return requester;
  const found = await Promise.all(startedBy.map((ref) => namesOf(deps, ref)));
  return { ...requester, startedBy: [...new Set([...startedBy, ...found.flat()])] };
};
