/** The tables. Truth is here; what must never happen is a constraint, so that no code path can make it happen. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { GRANT_MOVES, REQUEST_MOVES } from '../../domain/lifecycle.ts';
import type { GrantState, RequestState } from '../../domain/lifecycle.ts';
import { END_CAUSES, END_OUTCOMES } from '../../domain/grants/ending.ts';
import { INCIDENT_CLOSE_CAUSES, INCIDENT_ORIGINS } from '../../domain/incidents/incident.ts';
import type { EndCause, EndOutcome } from '../../domain/grants/ending.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Json } from '../../domain/json.ts';
import type { ClientJob } from '../../domain/principals/client.ts';
import type { RequestChange, Requirement, Source } from '../../domain/requests/request.ts';
import type { VoteKind } from '../../domain/requests/vote.ts';
import { WORK_KINDS } from '../../application/record/outbox.ts';
import { MESSAGE_KINDS } from '../../application/messages/message-ports.ts';
import type { MessageKind } from '../../application/messages/message-ports.ts';
import type { WorkKind } from '../../application/record/outbox.ts';
import { people, principals } from './principals.ts';
import { bytes, idText, instant, isOneOf, json, serialId } from './columns.ts';

export const LIVE_STATES = ['activating', 'active', 'ending'] as const satisfies readonly GrantState[];
export const UNFINISHED_STATES = ['activating', 'ending'] as const satisfies readonly GrantState[];
const VOTE_KINDS = ['approve', 'deny'] as const satisfies readonly VoteKind[];
const INCIDENT_STATES = ['open', 'closed'] as const satisfies readonly Incident['state'][];
const OUTCOMES = ['approved', 'denied'] as const;

const durationMs = () => bigint('duration_ms', { mode: 'number' }).notNull();

/** A row lasts from the first opening to the last close; its history is in `incident_history`. */
export const incidents = pgTable(
  'incidents',
  {
    id: idText().primaryKey(),
    teamId: text('team_id'),
    channelId: text('channel_id').notNull(),
    channelName: text('channel_name').notNull(),
    topic: text().notNull(),
    purpose: text().notNull().default(''),
    isPrivate: boolean('is_private').notNull(),
    isArchived: boolean('is_archived').notNull().default(false),
    severity: text().notNull(),
    confirmedSeverity: text('confirmed_severity'),
    confirmedSeverityAt: instant('confirmed_severity_at'),
    state: text().$type<Incident['state']>().notNull(),
    how: text().$type<Incident['how']>().notNull(),
    openedAt: instant('opened_at').notNull(),
    openedBy: idText('opened_by').references(() => people.id),
    vouchedBy: idText('vouched_by').references(() => people.id),
    vouchedAt: instant('vouched_at'),
    vouchedName: text('vouched_name'),
    closedAt: instant('closed_at'),
    closedBy: idText('closed_by').references(() => people.id),
    closeCause: text('close_cause').$type<Incident['closeCause']>(),
    endsAt: instant('ends_at'),
    endedAt: instant('ended_at'),
    version: integer().notNull().default(1),
    channelUpdatedMs: bigint('channel_updated_ms', { mode: 'number' }).notNull().default(0),
    /** While in the future, one process brings this incident's messages up to date. */
    syncLeaseUntil: instant('sync_lease_until'),
  },
  (table) => [
    // However many events and processes see a channel, it is one incident.
    uniqueIndex('incidents_one_open')
      .on(table.channelId)
      .where(sql`${table.state} = 'open'`),
    index('incidents_of_channel').on(table.channelId, table.openedAt),
    index('incidents_in_time').on(table.openedAt),
    index('incidents_to_end')
      .on(table.endsAt)
      .where(sql`${table.endsAt} is not null and ${table.endedAt} is null`),
    check('incidents_state', isOneOf(table.state, INCIDENT_STATES)),
    check('incidents_how', isOneOf(table.how, INCIDENT_ORIGINS)),
    check('incidents_close_cause', isOneOf(table.closeCause, INCIDENT_CLOSE_CAUSES)),
    check(
      'incidents_closed',
      sql`(${table.state} = 'closed') = (${table.closedAt} is not null and ${table.closeCause} is not null)`,
    ),
    check('incidents_ends', sql`${table.endsAt} is null or ${table.state} = 'closed'`),
  ],
);

export const requests = pgTable(
  'requests',
  {
    id: idText().primaryKey(),
    idempotencyKey: text('idempotency_key').unique(),
    requesterId: idText('requester_id')
      .notNull()
      .references(() => principals.id),
    target: text().notNull(),
    role: text().notNull(),
    durationMs: durationMs(),
    reason: text().notNull(),
    ticket: text(),
    isBreakGlass: boolean('is_break_glass').notNull().default(false),
    startsAt: instant('starts_at'),
    incidentId: idText('incident_id').references(() => incidents.id),
    state: text().$type<RequestState>().notNull(),
    rule: text(),
    policySha256: text('policy_sha256').notNull(),
    requirements: json<Requirement[]>().notNull(),
    isInOrder: boolean('is_in_order').notNull(),
    version: integer().notNull().default(1),
    createdAt: instant('created_at').notNull(),
    lapsesAt: instant('lapses_at').notNull(),
    decidedAt: instant('decided_at'),
    /** While in the future, one process brings this request's messages up to date. */
    syncLeaseUntil: instant('sync_lease_until'),
    /** Approvers are reminded this long after the ask, then after twice as long, and so on; null is never. */
    remindMs: bigint('remind_ms', { mode: 'number' }),
    reminders: integer().notNull().default(0),
    nextReminderAt: instant('next_reminder_at'),
    escalateAfterMs: bigint('escalate_after_ms', { mode: 'number' }),
    escalateTo: json<Source>('escalate_to'),
    escalateAt: instant('escalate_at'),
    escalatedAt: instant('escalated_at'),
    discussedBy: idText('discussed_by').references(() => people.id),
    unreachableAt: instant('unreachable_at'),
    cancelledBy: idText('cancelled_by').references(() => principals.id),
    cancelReason: text('cancel_reason'),
    /** What approvers made of the ask, oldest first; `role` and `duration_ms` hold what is asked now. */
    changes: json<RequestChange[]>()
      .notNull()
      .default(sql`'[]'::jsonb`),
    mayRemain: json<string[]>('may_remain')
      .notNull()
      .default(sql`'[]'::jsonb`),
    extendsGrantId: idText('extends_grant_id').references((): AnyPgColumn => grants.id),
    extendsByMs: bigint('extends_by_ms', { mode: 'number' }),
    /** Which job of the client requests; null for a person. */
    job: json<ClientJob>(),
    /** The people behind the job, who never approve it. */
    startedBy: json<string[]>('started_by')
      .notNull()
      .default(sql`'[]'::jsonb`),
  },
  (table) => [
    index('requests_of_requester').on(table.requesterId, table.createdAt),
    index('requests_pending_of_requester')
      .on(table.requesterId)
      .where(sql`${table.state} = 'pending'`),
    index('requests_pending')
      .on(table.createdAt)
      .where(sql`${table.state} = 'pending'`),
    index('requests_to_lapse')
      .on(table.lapsesAt)
      .where(sql`${table.state} = 'pending'`),
    index('requests_to_remind')
      .on(table.nextReminderAt)
      .where(sql`${table.state} = 'pending' and ${table.nextReminderAt} is not null`),
    index('requests_to_escalate')
      .on(table.escalateAt)
      .where(sql`${table.state} = 'pending' and ${table.escalateAt} is not null and ${table.escalatedAt} is null`),
    index('requests_of_grant')
      .on(table.extendsGrantId)
      .where(sql`${table.extendsGrantId} is not null`),
    uniqueIndex('requests_extending_once')
      .on(table.extendsGrantId)
      .where(sql`${table.state} = 'pending' and ${table.extendsGrantId} is not null`),
    check('requests_extension', sql`(${table.extendsGrantId} is null) = (${table.extendsByMs} is null)`),
    check('requests_extends_by', sql`${table.extendsByMs} > 0`),
    index('requests_of_incident')
      .on(table.incidentId, table.createdAt)
      .where(sql`${table.incidentId} is not null`),
    check('requests_state', isOneOf(table.state, Object.keys(REQUEST_MOVES))),
    check('requests_duration', sql`${table.durationMs} > 0`),
    check('requests_job', sql`(${table.job} is null) = (${table.requesterId} not like 'client:%')`),
    check('requests_break_glass_is_human', sql`not ${table.isBreakGlass} or ${table.job} is null`),
    check('requests_decided_at', sql`(${table.state} = 'pending') = (${table.decidedAt} is null)`),
  ],
);

export const votes = pgTable(
  'votes',
  {
    requestId: idText('request_id')
      .notNull()
      .references(() => requests.id),
    voterId: idText('voter_id')
      .notNull()
      .references(() => people.id),
    kind: text().$type<VoteKind>().notNull(),
    reason: text(),
    createdAt: instant('created_at').notNull(),
    /** By whose right it was cast, when the voter stood in for somebody who was away. */
    inSteadOf: idText('in_stead_of').references(() => people.id),
  },
  (table) => [
    primaryKey({ columns: [table.requestId, table.voterId] }),
    check('votes_kind', isOneOf(table.kind, VOTE_KINDS)),
  ],
);

export const decisions = pgTable(
  'decisions',
  {
    id: idText().primaryKey(),
    requestId: idText('request_id')
      .notNull()
      .unique()
      .references(() => requests.id),
    outcome: text().$type<(typeof OUTCOMES)[number]>().notNull(),
    rule: text(),
    policySha256: text('policy_sha256').notNull(),
    byPersonId: idText('by_person_id').references(() => people.id),
    reason: text(),
    decidedAt: instant('decided_at').notNull(),
  },
  (table) => [
    // What a grant points at: the decision, of this request, with this outcome.
    unique('decisions_outcome_of_request').on(table.id, table.requestId, table.outcome),
    check('decisions_outcome', isOneOf(table.outcome, OUTCOMES)),
  ],
);

export const grants = pgTable(
  'grants',
  {
    id: idText().primaryKey(),
    requestId: idText('request_id').notNull().unique(),
    decisionId: idText('decision_id').notNull().unique(),
    /** Always 'approved': together with the foreign key, no grant can exist without a decision that approved its request. */
    decisionOutcome: text('decision_outcome').$type<'approved'>().notNull().default('approved'),
    granteeId: idText('grantee_id')
      .notNull()
      .references(() => principals.id),
    target: text().notNull(),
    role: text().notNull(),
    provider: text().notNull(),
    scope: json<Json>().notNull(),
    handle: json<Json>(),
    state: text().$type<GrantState>().notNull(),
    durationMs: durationMs(),
    /** Nothing touches the target before this. */
    startsAt: instant('starts_at'),
    /** How long the approval may be used; null in what was approved before this was stored. */
    claimMs: bigint('claim_ms', { mode: 'number' }),
    expiresAt: instant('expires_at').notNull(),
    activatedAt: instant('activated_at'),
    endingAt: instant('ending_at'),
    endedAt: instant('ended_at'),
    firstUsedAt: instant('first_used_at'),
    isUseTold: boolean('is_use_told').notNull().default(false),
    endCause: text('end_cause').$type<EndCause>(),
    endedBy: idText('ended_by').references(() => principals.id),
    endReason: text('end_reason'),
    endOutcome: text('end_outcome').$type<EndOutcome>(),
    extensions: integer().notNull().default(0),
    /** When the person is to be warned of the end; null when they were, or when there is no time for it. */
    warnAt: instant('warn_at'),
    warnedAt: instant('warned_at'),
    keptAt: instant('kept_at'),
    leaseUntil: instant('lease_until'),
    attempts: integer().notNull().default(0),
    nextAttemptAt: instant('next_attempt_at'),
    lastError: text('last_error'),
    lastErrorKind: text('last_error_kind'),
    /** Since when the target was found closed while something of it could not be removed. */
    closedAt: instant('closed_at'),
    /** The sweep of somebody who ended much at once; `schema-revocations.ts`. */
    revocationId: idText('revocation_id'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    foreignKey({
      name: 'grants_approved_decision',
      columns: [table.decisionId, table.requestId, table.decisionOutcome],
      foreignColumns: [decisions.id, decisions.requestId, decisions.outcome],
    }),
    index('grants_due')
      .on(table.expiresAt)
      .where(sql`${table.state} = 'active'`),
    index('grants_to_warn')
      .on(table.warnAt)
      .where(sql`${table.state} = 'active' and ${table.warnAt} is not null`),
    index('grants_stalled').on(table.nextAttemptAt).where(isOneOf(table.state, UNFINISHED_STATES)),
    index('grants_live').on(table.expiresAt).where(isOneOf(table.state, LIVE_STATES)),
    index('grants_live_in_target').on(table.target, table.expiresAt).where(isOneOf(table.state, LIVE_STATES)),
    index('grants_to_see_used')
      .on(table.target)
      .where(sql`${table.state} = 'active' and ${table.isUseTold} and ${table.firstUsedAt} is null`),
    index('grants_of_revocation')
      .on(table.revocationId)
      .where(sql`${table.revocationId} is not null`),
    index('grants_live_of_grantee').on(table.granteeId).where(isOneOf(table.state, LIVE_STATES)),
    check('grants_state', isOneOf(table.state, Object.keys(GRANT_MOVES))),
    check('grants_approved', sql`${table.decisionOutcome} = 'approved'`),
    check('grants_duration', sql`${table.durationMs} > 0`),
    check('grants_used', sql`${table.firstUsedAt} is null or ${table.activatedAt} is not null`),
    check('grants_end_cause', isOneOf(table.endCause, END_CAUSES)),
    check('grants_end_outcome', isOneOf(table.endOutcome, END_OUTCOMES)),
    check('grants_active_since', sql`${table.state} <> 'active' or ${table.activatedAt} is not null`),
    check(
      'grants_ending_since',
      sql`${table.state} not in ('ending', 'ended') or (${table.endingAt} is not null and ${table.endCause} is not null)`,
    ),
    check(
      'grants_ended_how',
      sql`${table.state} <> 'ended' or (${table.endedAt} is not null and ${table.endOutcome} is not null)`,
    ),
  ],
);

/** What the requester may see while the grant lives, encrypted; the row goes when the grant ends. */
export const secrets = pgTable('secrets', {
  grantId: idText('grant_id')
    .primaryKey()
    .references(() => grants.id),
  keyId: text('key_id').notNull(),
  nonce: bytes().notNull(),
  ciphertext: bytes().notNull(),
  createdAt: instant('created_at').notNull(),
});

export const messages = pgTable(
  'messages',
  {
    id: serialId(),
    requestId: idText('request_id')
      .notNull()
      .references(() => requests.id),
    kind: text().$type<MessageKind>().notNull(),
    audience: text().notNull(),
    /** Which of several of one kind: the number of the reminder or of the change; else 0. */
    part: integer().notNull().default(0),
    channel: text(),
    ts: text(),
    drawnVersion: integer('drawn_version').notNull().default(0),
    failure: text(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    unique('messages_once_per_audience').on(table.requestId, table.kind, table.audience, table.part),
    check('messages_kind', isOneOf(table.kind, MESSAGE_KINDS)),
  ],
);

/** Work that must go out, written with the state that asks for it. A row lives until the work is done. */
export const outbox = pgTable(
  'outbox',
  {
    id: serialId(),
    kind: text().$type<WorkKind>().notNull(),
    subjectId: idText('subject_id').notNull(),
    availableAt: instant('available_at').notNull(),
    dispatchedAt: instant('dispatched_at'),
    /** How often it was handed to Redis; the same number below zero, or zero, while a process keeps it. */
    dispatches: integer().notNull().default(0),
    lastError: text('last_error'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('outbox_waiting')
      .on(table.id)
      .where(sql`${table.dispatchedAt} is null`),
    index('outbox_late')
      .on(table.availableAt)
      .where(sql`${table.dispatchedAt} is not null`),
    check('outbox_kind', isOneOf(table.kind, WORK_KINDS)),
  ],
);

export const policies = pgTable('policies', {
  sha256: text().primaryKey(),
  source: text().notNull(),
  loadedAt: instant('loaded_at').notNull(),
});
