/**
 * The accounts of a CI behind a request: who started, wrote or labelled what it is about. Where it is not known whose an account is, it may
 * be anybody's who has none that is known.
 */
import type { AccountBehind } from './ci-account.ts';
import type { Requester } from './requester.ts';

const keyOf = ({ issuer, id, login }: AccountBehind): string =>
  JSON.stringify(id === '' ? [issuer, '', login] : [issuer, id]);

/** Each account once, by what it did first, with all of its addresses. */
export const accountsOnce = (all: readonly AccountBehind[]): AccountBehind[] => {
  const found = new Map<string, AccountBehind>();
  for (const one of all) {
    const known = found.get(keyOf(one));
    found.set(keyOf(one), known ? { ...known, emails: [...new Set([...known.emails, ...one.emails])] } : one);
  }
  return [...found.values()];
};

/** A token of GitHub names who started the first attempt, and not who ran the job again. */
const isAgainByUnknown = (requester: Requester): boolean =>
  requester.kind === 'client' &&
  requester.issuerKind === 'github' &&
  requester.job.attempt > 1 &&
  requester.job.ranAgainBy === undefined;

const ofJob = (requester: Requester): AccountBehind[] => {
  if (requester.kind === 'person') return [];
  const { issuer, job } = requester;
  const common = { issuer, emails: [] };
  return [
    ...(job.actorId === ''
      ? []
      : [{ ...common, id: job.actorId, login: job.actor || job.actorId, by: 'started' } as const]),
    ...(isAgainByUnknown(requester) ? [{ ...common, id: '', login: '', by: 'ran_again' } as const] : []),
  ];
};

export const accountsBehind = (requester: Requester): AccountBehind[] =>
  accountsOnce([...(requester.accounts ?? []), ...ofJob(requester)]);
