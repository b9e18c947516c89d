/** What a decision is made of: the request, and the facts that were looked up for it. */
import type { PullRequestFacts } from '../requests/pull-request.ts';
import type { ClientFacts } from '../principals/client.ts';
import type { BoundEmail } from '../principals/identity.ts';
import type { Calendar } from './calendar.ts';

/** What is requested, before anything was decided. `role` is the role's name inside the target. */
export type RequestedAccess = {
  target: string;
  role: string;
  durationMs: number;
  reason: string;
  ticket: string | null;
};

/** `name` is the policy's own word, `source` whose secret it came with, `severity` what the source said when it began, or empty. */
export type AlertFacts = { name: string; source: string; severity: string; isUnknown: boolean };

/** What a decision may look at besides the request itself. Nothing here is read inside the decision. */
export type DecisionFacts = {
  /** Database clock; of what is for a window that lies ahead, its opening. */
  now: Date;
  /** The database clock, where `now` lies ahead of it. */
  clock?: Date;
  /** Freezes that a person overrode for this request: denials do not see them, and every other rule does. */
  overridden?: string[];
  requester: {
    personId: string;
    userId: string;
    /** The address that counts for them. */
    email: BoundEmail | null;
    groups: string[];
    /** Groups of which it is not known whether they are in it. A rule that needs one of them fails closed. */
    unknownGroups?: string[];
    /** Of those, which hang on an address that is not trusted until it is confirmed: a new request changes nothing. */
    contestedGroups?: string[];
    /** Addresses that do not count for them and still count against them: one they had, or one that is not confirmed. */
    otherEmails?: string[];
  };
  incident: { open: boolean; channel: string; severity: string };
  /** Of a client that requests; null where a person does. */
  client: ClientFacts | null;
  pullRequest: PullRequestFacts | null;
  /** The alert it is for, where it fires and the requester is on call for it; `isUnknown` when that could not be looked up. */
  alert?: AlertFacts | null;
};

/** The variables a condition sees (CEL), as `interface.md` lists them. */
export type ConditionFacts = {
  request: { target: string; role: string; durationMs: number; reason: string; ticket: string };
  requester: { email: string; groups: string[] };
  incident: { open: boolean; channel: string; severity: string };
  client: Omit<ClientFacts, 'repositoryId'> & { repository_id: string };
  pull_request: PullRequestFacts;
  alert: { firing: boolean; name: string; source: string; severity: string };
  now: Date;
  calendar: Calendar;
};
