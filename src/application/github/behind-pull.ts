/**
 * Who wrote, labelled or started a pull request: by their accounts, and by the addresses of its commits. What a commit says of its author
 * was written by who pushed it, so an address only ever counts against the one who has it, and shows whose an account is where it is signed.
 */
import type { Account } from '../../domain/github/events.ts';
import { accountsOnce } from '../../domain/principals/account-behind.ts';
import type { AccountBehind } from '../../domain/principals/ci-account.ts';
import { peopleOfAccounts } from '../identity/accounts.ts';
import type { Pulled } from './pulled.ts';
import type { GithubDeps } from './github-deps.ts';
import type { CommitAuthor, Commits } from './github-ports.ts';

export type Sender = { account: Account; action: string };

/** Of merges and edits in the browser, which GitHub commits itself. */
const ITSELF = '19864447';

/** GitHub gives an account an address of this form; its id is the account's. */
const NO_REPLY = /^(\d{1,20})\+([^@\s]{1,100})@users\.noreply\./i;

const isAddress = (email: string | null): email is string => email !== null && email.includes('@');

const ofCommit = ({ account, email, isVerified }: CommitAuthor, issuer: string): AccountBehind[] => {
  if (account?.id === ITSELF) return [];
  const emails = isAddress(email) ? [email] : [];
  if (account) return [{ issuer, ...account, by: 'wrote', emails: isVerified ? emails : [] }];
  return [{ issuer, id: '', login: email ?? '', by: 'wrote', emails }];
};

/** Where a message names an account as one that wrote too, that account is behind it as well. An address that nobody has says nothing. */
const coAuthorIds = ({ coAuthors }: Commits): string[] => coAuthors.flatMap((email) => NO_REPLY.exec(email)?.[1] ?? []);

const unlisted = ({ unlisted: count }: Commits, issuer: string): AccountBehind[] =>
  count > 0 ? [{ issuer, id: '', login: '', by: 'unlisted', emails: [] }] : [];

export const behindPull = async (
  deps: GithubDeps,
  { entry, pull, row }: Pulled,
  { account: sender, action }: Sender,
): Promise<{ startedBy: string[]; accounts: AccountBehind[] }> => {
  const { issuer } = entry;
  const commits = await deps.github.commits(row.repository, pull);
  const of = (account: Account | null, by: AccountBehind['by']): AccountBehind[] =>
    account === null ? [] : [{ issuer, ...account, by, emails: [] }];
  const accounts = accountsOnce([
    ...of(pull.author, 'opened'),
    ...of(row.labeller, 'labelled'),
    ...of(sender, action === 'synchronize' ? 'pushed' : 'changed'),
    ...commits.authors.flatMap((author) => ofCommit(author, issuer)),
    ...unlisted(commits, issuer),
  ]);
  const coAuthors = await peopleOfAccounts(
    deps,
    issuer,
    coAuthorIds(commits).map((id) => ({ id })),
  );
  const emails = [...commits.authors.map(({ email }) => email), ...commits.coAuthors].filter(isAddress);
  return { startedBy: [...new Set([...coAuthors, ...emails])], accounts };
};
