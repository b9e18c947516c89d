import type { Review } from '../../domain/break-glass/follow-up.ts';
import type { Extension, MoreTimeRequested } from '../../domain/grants/extension.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Completeness } from '../../domain/grants/recording.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Principal } from '../../domain/principals/principal.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Decision } from '../../domain/requests/decision.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Vote } from '../../domain/requests/vote.ts';

/** Everything about one request, for messages and lists; read in one snapshot. */
export type RequestView = {
  request: Request;
  requester: Requester;
  votes: (Vote & { voter: Person })[];
  decision: Decision | null;
  decidedBy: Person | null;
  grant: Grant | null;
  endedBy: Principal | null;
  /** What was recorded of what was done through it; null where nothing is. */
  recording: Completeness | null;
  /** Where this requests more time: the grant it is about, and the move of its end once that was decided. */
  extended: Grant | null;
  extension: Extension | null;
  /** Where this is a grant: what requests more time for it and is not settled yet. */
  moreTime: MoreTimeRequested | null;
  /** Of access that was taken by break-glass. */
  review: Review | null;
  reviewer: Person | null;
  /** The one it is tied to. */
  incident: Incident | null;
  now: Date;
};
