/**
 * On whose behalf a verb runs. The door that a call came through establishes it, by Slack's word or by a token that was verified, and
 * nobody else can: the mark on a caller is this file's own, and a layout test lets only the doors make one. So a verb trusts its caller
 * and never asks anybody who it is.
 */
import type { ClientJob, ClientSession } from '../../domain/principals/client.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Principal } from '../../domain/principals/principal.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Directory } from './directory.ts';

declare const established: unique symbol;

/** A person who clicked, typed or logged in. */
export type PersonCaller = { readonly kind: 'person'; readonly person: Person; readonly [established]: true };

/** A job of a client, with its session. It may do what takes a `Caller`; what is for people takes a `PersonCaller`. */
export type ClientCaller = { readonly kind: 'client'; readonly [established]: true } & Readonly<ClientSession>;

export type Caller = PersonCaller | ClientCaller;

type PeopleDirectory = { directory: Pick<Directory, 'person'> };

/** For a click, a command or an event of Slack, which says whose it is. The person is read anew. */
export const callerFromSlack = async ({ directory }: PeopleDirectory, userId: string): Promise<PersonCaller> =>
  ({ kind: 'person', person: await directory.person(userId) }) as PersonCaller;

/** For an alert that a rule names: those on call request, without a click. */
export const callerOnCall = (deps: PeopleDirectory, userId: string): Promise<PersonCaller> =>
  callerFromSlack(deps, userId);

/** For a session that the door of clients has verified. */
export const callerFromSession = ({ client, job, startedBy, accounts = [] }: ClientSession): ClientCaller =>
  ({ kind: 'client', client, job, startedBy, accounts }) as ClientCaller;

type Denied = { requester: Principal; job: ClientJob | null };

/** For a request that a freeze denied, when a person overrides that: on behalf of the one who was denied. The person is read anew. */
export const callerForOverride = async (deps: PeopleDirectory, { requester, job }: Denied): Promise<Caller> => {
  if (requester.kind === 'person') return callerFromSlack(deps, requester.userId);
  if (!job) throw new Error('a client was denied without a job');
  return callerFromSession({ client: requester, job, startedBy: [] });
};

/** As decisions see them. */
export const requesterOf = (caller: Caller): Requester =>
  caller.kind === 'person'
    ? caller.person
    : { ...caller.client, job: caller.job, startedBy: [...caller.startedBy], accounts: [...(caller.accounts ?? [])] };

/** A person's own request, or that of this very job: another job of the same client has its own. */
export const isOwnRequest = (caller: Caller, { requesterId, job }: Pick<Request, 'requesterId' | 'job'>): boolean =>
  caller.kind === 'person'
    ? requesterId === caller.person.id
    : requesterId === caller.client.id && job !== null && job.key === caller.job.key;
