/** The part of the ports that knows which Slack account was seen with which address. */
import type { EmailConflict, EmailObservation } from '../../domain/principals/email-bindings.ts';
import type { BoundEmail } from '../../domain/principals/identity.ts';

/** An address, as `addressOf` writes it, and the Slack user id of an account that carries it. */
export type Pair = { address: string; userId: string };
export type ConflictingEmail = { address: string; conflict: EmailConflict };

/** Which account every address was seen at, in the database and so for all processes. */
export type EmailBindings = {
  see(teamId: string, pairs: readonly Pair[]): Promise<void>;
  /** Writes it even if this process has noted it before: an account went back to an address that was past. */
  seeAgain(teamId: string, pair: Pair): Promise<void>;
  find(teamId: string, of: { addresses: string[]; userIds: string[] }): Promise<EmailObservation[]>;
  /** Writes down that an address is not trusted, and notifies admins; once for each account. */
  report(teamId: string, address: string, conflict: EmailConflict): Promise<void>;
};

export type AddressReads = {
  /** Everything that was seen of these addresses and of these accounts, and who else was seen with the addresses of those. */
  observations(teamId: string, of: { addresses: string[]; userIds: string[] }): Promise<EmailObservation[]>;
  /** Pairs that admins were notified of and that are not settled, newest first. */
  conflicting(teamId: string, limit: number): Promise<EmailObservation[]>;
};

export type AddressWrites = {
  /** Notes who was seen with what, and binds what was never seen before. One process at a time, and only where something changed. */
  see(teamId: string, pairs: readonly Pair[]): Promise<void>;
  /** Binds the address to this account and to no other. */
  confirm(teamId: string, pair: Pair, byPersonId: string): Promise<void>;
  /** Accounts seen with this address of which admins were not notified yet; they are now. */
  markNotified(teamId: string, address: string): Promise<string[]>;
};

/** What of a requester the rules look at. `unknownGroups` could not be read: the one who decides must not take them for groups that the person is not in. */
export type GroupsRead = {
  groups: string[];
  unknownGroups: string[];
  /** Whether the person is in these hangs on an address that is not trusted until an admin confirms it. */
  contestedGroups: string[];
  /** Theirs by the address book; null where it is not certain. */
  email: BoundEmail | null;
  /** Every other address that counts against them. */
  otherEmails: string[];
};
