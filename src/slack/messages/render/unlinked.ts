/** Accounts of the CI behind a request of which it is not known whose they are: which, and what follows from it. */
import type { UnlinkedAccount } from '../../../application/identity/people-behind.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { SERVICE } from '../../../domain/clients/account-statement.ts';
import { LINKED_KINDS } from '../../../domain/clients/account-host.ts';
import type { LinkedKind } from '../../../domain/clients/account-host.ts';
import { inline, sentenceList } from './text.ts';

type Named = Pick<UnlinkedAccount, 'kind' | 'login' | 'by'>;

const LOGIN_MAX = 60;
const SHOWN_MAX = 4;
const MENTIONED_MAX = 10;

const DID: Record<UnlinkedAccount['by'], string> = {
  opened: 'who opened it',
  labelled: 'who labelled it',
  changed: 'who changed it',
  pushed: 'who pushed to it',
  wrote: 'who wrote a commit',
  unlisted: 'the authors of commits that GitHub does not list',
  started: 'who started it',
  ran_again: 'who ran it again',
};

const one = ({ login, by }: Named): string => {
  const name = inline(login, LOGIN_MAX);
  if (name !== '') return `\`${name}\`, ${DID[by]}`;
  return by === 'ran_again' ? `the account ${DID[by]}` : DID[by];
};

/** `` `octo`, who labelled it; `eve@evil.test`, who wrote a commit `` */
export const unlinkedNames = (accounts: readonly Named[]): string => {
  const shown = accounts.slice(0, SHOWN_MAX).map(one);
  const left = accounts.length - shown.length;
  return [...shown, ...(left > 0 ? [`${left} more`] : [])].join('; ');
};

const isLinkable = (kind: string | null): kind is LinkedKind => LINKED_KINDS.some((known) => known === kind);

/** What an approver does about it, as the end of a sentence. */
export const linkStep = ([first]: readonly Pick<Named, 'kind'>[]): string => {
  const kind = first?.kind ?? null;
  return isLinkable(kind)
    ? `link a ${SERVICE[kind]} account with \`/prod-access link ${kind}\``
    : 'let an admin list an account under `accounts` in the policy';
};

/** Of a request that waits; null where it is known whose each account is. */
export const unlinkedLine = ({ unlinked }: Pick<MessageFacts, 'unlinked'>): string | null => {
  if (!unlinked || unlinked.accounts.length === 0) return null;
  const { accounts, isAllowed, toLink } = unlinked;
  const named = `*Not linked:* ${unlinkedNames(accounts)}.`;
  if (isAllowed) return `${named} It could be an approver’s own account. To show whose it is, ${linkStep(accounts)}.`;
  if (toLink.length === 0) return `${named} All of its approvers have shown another account as theirs.`;
  const shown = toLink.slice(0, MENTIONED_MAX).map((userId) => `<@${userId}>`);
  const left = toLink.length - shown.length;
  const who = sentenceList([...shown, ...(left > 0 ? [`${left} more`] : [])]);
  return `${named} It could be an approver’s own, so an approval by ${who} does not count yet. First ${linkStep(accounts)}.`;
};
