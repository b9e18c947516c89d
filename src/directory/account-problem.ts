/** Why an account that the policy names does not count. */
import { NO_ACCOUNT, whyNotCounted } from '../domain/principals/account.ts';
import type { Account } from '../domain/principals/account.ts';
import { isDomainError } from '../domain/errors.ts';
import type { Loader } from '../lib/loader.ts';

type Accounts = { users: Loader<string, Account>; emails: Loader<string, Account>; teamId: () => string };

/** `ref`: an email or the id of an account, as the policy names people. */
export const accountProblem = async ({ users, emails, teamId }: Accounts, ref: string): Promise<string | null> => {
  try {
    const account = await (ref.includes('@') ? emails : users).fresh(ref);
    return whyNotCounted({ ...account, is_stranger: account.is_stranger === true || account.team_id !== teamId() });
  } catch (error) {
    if (isDomainError(error) && error.code === 'unknown_person') return NO_ACCOUNT;
    throw error;
  }
};
