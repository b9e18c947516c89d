/** Accounts of GitHub and GitLab that people have shown to be their own. */
import type { LinkedKind } from '../../domain/clients/account-host.ts';

/** One account for good: ids are never given to another one, names are. */
export type LinkedAccount = { kind: LinkedKind; host: string; accountId: string };

export type AccountLink = LinkedAccount & {
  id: string;
  /** The name of the account when it was linked. */
  login: string;
  personId: string;
  userId: string;
  name: string;
  linkedAt: Date;
  /** Set where the person took it back: it is shown no more, and still counts against them. */
  unlinkedAt: Date | null;
};

type NewLink = Omit<AccountLink, 'userId' | 'name' | 'linkedAt' | 'unlinkedAt'> & {
  /** SHA-256 of the code that proved it, in hex: it proves once. */
  proof: string;
};

export type AccountLinkReads = {
  /** Those that count, of these accounts of a host. */
  linksOf(of: { kind: LinkedKind; host: string; accountIds: readonly string[] }): Promise<AccountLink[]>;
  linksOfPerson(personId: string): Promise<AccountLink[]>;
  /** The newest first. */
  accountLinks(limit: number): Promise<AccountLink[]>;
};

export type AccountLinkWrites = {
  /** The one that counts; locked. */
  of(account: LinkedAccount): Promise<AccountLink | null>;
  /** False where the code has proved something before. */
  add(link: NewLink): Promise<boolean>;
  /** The person took it back. */
  unlink(id: string): Promise<void>;
  /** It counts no more. */
  release(id: string): Promise<void>;
};

/** What its owner alone can write, as the service gives it. */
export type Proof = { accountId: string; login: string; text: string };

/** Where proofs are read. Throws `lookup_failed` where the service cannot be asked now. */
export type ProofSource = {
  host: string;
  /** `url`: what the person gave; only its id is taken from it. Null where there is no such thing that one account alone can write. */
  read(url: string): Promise<Proof | null>;
};

export type ProofSources = Record<LinkedKind, ProofSource | null>;
