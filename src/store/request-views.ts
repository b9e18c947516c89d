/** Everything about a request for messages and lists: one statement, so one snapshot, however many requests. */
import { and, asc, desc, eq, getTableColumns, gte, lt, or, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Client } from '../domain/principals/client.ts';
import type { Person } from '../domain/principals/person.ts';
import type { Requester } from '../domain/principals/requester.ts';
import type { Request } from '../domain/requests/request.ts';
import type { Vote, VoteKind } from '../domain/requests/vote.ts';
import type { Store } from '../application/deps.ts';
import type { RequestView } from '../application/record/request-view.ts';
import type { MoreTimeRequested } from '../domain/grants/extension.ts';
import { isOneOf } from './schema/columns.ts';
import { reviews } from './schema/exceptions.ts';
import { extensions } from './schema/extensions.ts';
import { clients, people } from './schema/principals.ts';
import { clientAlias, clientColumns, principalOrNull } from './principals.ts';
import { incidents } from './schema/incidents.ts';
import { recordings } from './schema/recordings.ts';
import { LIVE_STATES, decisions, grants, requests } from './schema/requests.ts';
import { votes } from './schema/votes.ts';
import { clock, firstOrNull, slot } from './statement.ts';
import type { Db } from './statement.ts';
import { extensionColumns } from './extensions.ts';
import { grantColumns } from './grants.ts';
import { incidentColumns } from './incident-columns.ts';
import { recordingColumns, recordingOf } from './recordings.ts';
import type { RecordingRow } from './recordings.ts';
import { requestColumns } from './request-columns.ts';

const decidedBy = alias(people, 'decided_by');
const endedBy = alias(people, 'ended_by');
const endingClient = clientAlias('ending_client');
const reviewer = alias(people, 'reviewer');
const isLive = isOneOf(grants.state, LIVE_STATES);

type JsonVote = {
  voterId: string;
  kind: VoteKind;
  reason: string | null;
  createdAt: string;
  inSteadOf: string | null;
  voter: Person;
};

const extended = alias(grants, 'extended');
const asking = alias(requests, 'asking');
const moving = alias(extensions, 'moving');
const {
  decisionOutcome: _outcome,
  leaseUntil: _lease,
  warnAt: _warnAt,
  ...extendedColumns
} = getTableColumns(extended);

const moreTimeOfGrant = sql<MoreTimeRequested | null>`(
  select json_build_object('requestId', ${asking.id}, 'byMs', ${asking.extendsByMs}, 'isDecided', ${moving.state} is not null)
  from ${requests} as asking left join ${extensions} as moving on ${moving.requestId} = ${asking.id} and ${moving.state} = 'moving'
  where ${asking.extendsGrantId} = ${grants.id} and (${asking.state} = 'pending' or ${moving.state} is not null) limit 1)`;

const voter = alias(people, 'voter');
const votesOfRequest = sql<JsonVote[]>`(
  select coalesce(json_agg(json_build_object(
    'voterId', ${votes.voterId}, 'kind', ${votes.kind}, 'reason', ${votes.reason}, 'createdAt', ${votes.createdAt}, 'inSteadOf', ${votes.inSteadOf},
    'voter', json_build_object('kind', ${voter.kind}, 'id', ${voter.id}, 'teamId', ${voter.teamId}, 'userId', ${voter.userId}, 'name', ${voter.name},
      'email', ${voter.email}, 'timezone', ${voter.timezone}, 'isActive', ${voter.isActive})
  ) order by ${votes.createdAt}, ${votes.voterId}), '[]')
  from ${votes} join ${people} as voter on ${voter.id} = ${votes.voterId}
  where ${votes.requestId} = ${requests.id})`;

const selectViews = (db: Pick<Db, 'select'>) =>
  db
    .select({
      request: requestColumns,
      person: people,
      client: clientColumns,
      decision: decisions,
      decidedBy,
      grant: grantColumns,
      endedBy,
      endingClient: endingClient.columns,
      recording: recordingColumns,
      review: reviews,
      reviewer,
      extended: extendedColumns,
      extension: extensionColumns,
      moreTime: moreTimeOfGrant,
      incident: incidentColumns,
      votes: votesOfRequest,
      now: clock,
    })
    .from(requests)
    .leftJoin(people, eq(people.id, requests.requesterId))
    .leftJoin(clients, eq(clients.id, requests.requesterId))
    .leftJoin(decisions, eq(decisions.requestId, requests.id))
    .leftJoin(decidedBy, eq(decidedBy.id, decisions.byPersonId))
    .leftJoin(grants, eq(grants.requestId, requests.id))
    .leftJoin(recordings, eq(recordings.grantId, grants.id))
    .leftJoin(endedBy, eq(endedBy.id, grants.endedBy))
    .leftJoin(endingClient.table, eq(endingClient.table.id, grants.endedBy))
    .leftJoin(reviews, eq(reviews.requestId, requests.id))
    .leftJoin(reviewer, eq(reviewer.id, reviews.reviewerId))
    .leftJoin(extended, eq(extended.id, requests.extendsGrantId))
    .leftJoin(extensions, eq(extensions.requestId, requests.id))
    .leftJoin(incidents, eq(incidents.id, requests.incidentId))
    .$dynamic();

type Row = Omit<RequestView, 'votes' | 'requester' | 'endedBy' | 'recording'> & {
  recording: RecordingRow | null;
  person: Person | null;
  client: Client | null;
  endedBy: Person | null;
  endingClient: Client | null;
  votes: JsonVote[];
};

/** The check of the table says that a client's request has its job. */
const requesterOf = (person: Person | null, client: Client | null, request: Request): Requester => {
  const { job, startedBy, accounts, origin } = request;
  const more = { ...(accounts.length > 0 && { accounts }), ...(origin && { origin }) };
  if (person) return startedBy.length > 0 || origin ? { ...person, startedBy, ...more } : person;
  if (client && job) return { ...client, job, startedBy, ...more };
  throw new Error('a request has neither a person nor a job of a client');
};

const viewOf = ({ person, client, endingClient, ...row }: Row): RequestView => ({
  ...row,
  requester: requesterOf(person, client, row.request),
  endedBy: principalOrNull(row.endedBy, endingClient),
  recording: row.recording && recordingOf(row.recording),
  votes: row.votes.map((vote): Vote & { voter: Person } => ({
    ...vote,
    requestId: row.request.id,
    createdAt: new Date(vote.createdAt),
  })),
});

const ofRequestStatement = (db: Db) =>
  selectViews(db)
    .where(eq(requests.id, slot('id')))
    .prepare('view_of_request');

const ofPersonStatement = (db: Db) =>
  selectViews(db)
    .where(eq(requests.requesterId, slot('personId')))
    .orderBy(desc(requests.createdAt), desc(requests.id))
    .limit(slot('limit'))
    .prepare('views_of_person');

const pendingStatement = (db: Db) =>
  selectViews(db)
    .where(
      sql`${requests.state} = 'pending' and (${slot('after')}::text is null
        or (${requests.createdAt}, ${requests.id}) > (select created_at, id from requests where id = ${slot('after')}))`,
    )
    .orderBy(asc(requests.createdAt), asc(requests.id))
    .limit(slot('limit'))
    .prepare('views_pending');

const liveStatement = (db: Db) =>
  selectViews(db).where(isLive).orderBy(asc(grants.expiresAt)).limit(slot('limit')).prepare('views_live');

const liveInTargetStatement = (db: Db) =>
  selectViews(db)
    .where(and(isLive, eq(grants.target, slot('target'))))
    .orderBy(asc(grants.expiresAt))
    .limit(slot('limit'))
    .prepare('views_live_in_target');

const grantedStatement = (db: Db) =>
  selectViews(db)
    .where(sql`${grants.id} is not null`)
    .orderBy(desc(requests.createdAt), desc(requests.id))
    .limit(slot('limit'))
    .prepare('views_granted');

const openReviewsStatement = (db: Db) =>
  selectViews(db)
    .where(sql`${reviews.state} = 'open'`)
    .orderBy(asc(reviews.dueAt))
    .limit(slot('limit'))
    .prepare('views_open_reviews');

const ofIncidentStatement = (db: Db) =>
  selectViews(db)
    .where(eq(requests.incidentId, slot('incidentId')))
    .orderBy(
      sql`case when ${isLive} then 0 when ${requests.state} = 'pending' then 1 else 2 end`,
      desc(requests.createdAt),
      desc(requests.id),
    )
    .limit(slot('limit'))
    .prepare('views_of_incident');

/** More than anyone can choose from; a prefix that fits so many is ambiguous anyway. */
const MAX_FOUND = 1000;
/** Sorts after every letter of an id. */
const AFTER_LETTERS = '~';

const findGrantIds = (db: Db): Store['read']['findGrantIds'] => {
  return async (prefix, personId) => {
    const beyond = prefix + AFTER_LETTERS;
    const begins = or(
      and(gte(grants.id, prefix), lt(grants.id, beyond)),
      and(gte(grants.requestId, prefix), lt(grants.requestId, beyond)),
    );
    const found = await db
      .select({ id: grants.id })
      .from(grants)
      .where(and(prefix === '' ? isLive : begins, personId === null ? undefined : eq(grants.granteeId, personId)))
      .orderBy(desc(grants.createdAt))
      .limit(MAX_FOUND);
    return found.map(({ id }) => id);
  };
};

type ViewReads = Pick<
  Store['read'],
  'view' | 'viewsOf' | 'viewsOfIncident' | 'pending' | 'liveViews' | 'grantedViews' | 'openReviews' | 'findGrantIds'
>;

export const viewReads = (db: Db): ViewReads => {
  const ofRequest = ofRequestStatement(db);
  const ofPerson = ofPersonStatement(db);
  const pending = pendingStatement(db);
  const live = liveStatement(db);
  const liveInTarget = liveInTargetStatement(db);
  const granted = grantedStatement(db);
  const openReviews = openReviewsStatement(db);
  const ofIncident = ofIncidentStatement(db);
  return {
    view: async (id) => firstOrNull((await ofRequest.execute({ id })).map(viewOf)),
    viewsOf: async (personId, limit) => (await ofPerson.execute({ personId, limit })).map(viewOf),
    viewsOfIncident: async (incidentId, limit) => (await ofIncident.execute({ incidentId, limit })).map(viewOf),
    pending: async (limit, after = null) => (await pending.execute({ limit, after })).map(viewOf),
    liveViews: async (target, limit) => {
      const rows = await (target === null ? live.execute({ limit }) : liveInTarget.execute({ target, limit }));
      return rows.map(viewOf);
    },
    grantedViews: async (limit) => (await granted.execute({ limit })).map(viewOf),
    openReviews: async (limit) => (await openReviews.execute({ limit })).map(viewOf),
    findGrantIds: findGrantIds(db),
  };
};
