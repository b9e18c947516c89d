import type { Actor } from '../../domain/audit/events.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import { jobRecordOf } from '../../domain/principals/requester.ts';
import type { Requester } from '../../domain/principals/requester.ts';

/** Of a client, with the job that acts: the log says which run it was. */
export const actorOf = (requester: Requester): Actor => {
  const { id, name } = requester;
  return requester.kind === 'person'
    ? { kind: 'person', id, name, email: requester.email }
    : { kind: 'client', id, name, issuer: requester.issuer, job: jobRecordOf(requester.job) };
};

export const entryOf = (grant: Grant) => ({
  actor: SYSTEM,
  requestId: grant.requestId,
  grantId: grant.id,
  target: grant.target,
  role: grant.role,
});
