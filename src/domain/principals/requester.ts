/** Who requests, with all of it that a decision hangs on: for a client which job it is, and the people behind that job. */
import type { Client, ClientFacts, ClientJob } from './client.ts';
import type { AccountBehind } from './ci-account.ts';
import { isSameHuman, mayMean } from './identity.ts';
import type { Identity } from './identity.ts';
import type { Person } from './person.ts';
import type { RequestOrigin } from '../requests/origin.ts';

/** `origin`: what made the request, where neither a person nor a job did. `accounts`: behind it, beside the one that started the job. */
type Made = { origin?: RequestOrigin | null; accounts?: readonly AccountBehind[] };

export type RequestingClient = Client & Made & { job: ClientJob; startedBy: readonly string[] };

/** `startedBy`: for a pull request, who wrote and labelled it beside the author. */
type RequestingPerson = Person & Made & { startedBy?: readonly string[] };

export type Requester = RequestingPerson | RequestingClient;

const isMeant = (ref: string, { id, userId, email }: Identity): boolean =>
  ref === id || ref === userId || (email !== null && mayMean(ref, [email]));

/** May this person be the requester, or be behind the job that requests? Wide, as `isSameHuman` is: it only ever counts against a person. */
export const isBehind = (requester: Requester, person: Identity): boolean =>
  (requester.kind === 'person' && isSameHuman(requester, person)) ||
  (requester.startedBy ?? []).some((ref) => isMeant(ref, person));

/** What of the requester distinguishes humans, for `humansAmong`: a client is none. */
export const humanIn = (requester: Requester): Person[] => (requester.kind === 'person' ? [requester] : []);

/** Ids that never count as voters on this request. */
export const idsBehind = (requester: Requester): string[] => [requester.id, ...(requester.startedBy ?? [])];

/** As of the whole record: an account that was read anew is still behind all that it was behind. */
export const madeOf = ({
  startedBy,
  origin,
  accounts,
}: Requester): Pick<Requester, 'startedBy' | 'origin' | 'accounts'> => ({
  ...(startedBy && { startedBy }),
  ...(origin && { origin }),
  ...(accounts && { accounts }),
});

/** What conditions see of the client and its job. */
export const clientFactsOf = ({ name, issuer, job }: RequestingClient): ClientFacts => {
  const { repository, repositoryId, ref, environment, workflow, event, run, attempt, sha, actor } = job;
  return { name, issuer, repository, repositoryId, ref, environment, workflow, event, run, attempt, sha, actor };
};

/** Whom Slack can write to; a client has no account. */
export const userIdIn = (requester: Requester): string | null =>
  requester.kind === 'person' ? requester.userId : null;

/** As the audit log keeps a job. */
export const jobRecordOf = ({
  key: _key,
  actorEmail: _email,
  plan: _plan,
  ...job
}: ClientJob): { [fact: string]: string | number | null } => ({
  ...job,
});

/** The one who requests, where it is a person. */
export const personIn = (requester: Requester): Person | null => (requester.kind === 'person' ? requester : null);
