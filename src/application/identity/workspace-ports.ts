/** Who is in the workspace, as the chat service itself knows; `directory/` makes people of it. */
import type { Account } from '../../domain/principals/account.ts';
import type { UserGroup } from '../../domain/principals/user-groups.ts';

export type ListedGroups = { groups: UserGroup[]; changes: { groupId: string; updatedS: number }[] };

/** A field of somebody's profile. */
export type ProfileField = { id: string; label?: string; value?: string };

/**
 * Each asks the chat service anew.
 * @throws DomainError `unknown_person` where there is no such account, `lookup_failed` where it could not be asked.
 */
export type Workspace = {
  account(userId: string): Promise<Account>;
  accountOfEmail(email: string): Promise<Account>;
  /** All of them, in pages; answers how many there were. A very large workspace is read in part. */
  accounts(onPage: (accounts: Account[]) => Promise<void>): Promise<number>;
  /** With the disabled ones, to distinguish them from those that do not exist, and with the second in which each last changed. */
  userGroups(): Promise<ListedGroups>;
  profileFields(userId: string): Promise<ProfileField[]>;
} & LookUpLimits;

export type LookUp = 'account' | 'accountOfEmail' | 'accounts' | 'userGroups' | 'profileFields';

/** By the service's rate limits. */
type LookUpLimits = {
  /** Resolves when this may be called. */
  ready(call: LookUp): Promise<void>;
  /** Whether it may be called now for what only shows: enough stays free for decisions. */
  hasRoom(call: LookUp): Promise<boolean>;
};
