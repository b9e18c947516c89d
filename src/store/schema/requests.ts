/** Requests, decisions and grants, which name each other. What must never happen is a constraint, so that no code path can make it happen. */
import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { GRANT_MOVES, REQUEST_MOVES, type GrantState, type RequestState } from '../../domain/lifecycle.ts';
import { END_CAUSES, END_OUTCOMES, type EndCause, type EndOutcome } from '../../domain/grants/end-cause.ts';
import type { Json } from '../../domain/json.ts';
import type { AccountBehind } from '../../domain/principals/ci-account.ts';
import type { ClientJob } from '../../domain/principals/client.ts';
import type { InTarget } from '../../domain/principals/in-target.ts';
import type { RequestOrigin } from '../../domain/requests/origin.ts';
import type { RequestChange, Requirement, Source } from '../../domain/requests/request.ts';
import { people, principals } from './principals.ts';
import { idText, instant, isOneOf, json } from './columns.ts';
import { incidents } from './incidents.ts';

export const LIVE_STATES = ['activating', 'active', 'ending'] as const satisfies readonly GrantState[];
export const UNFINISHED_STATES = ['activating', 'ending', 'closed'] as const satisfies readonly GrantState[];
/** What the sweep looks for. What is closed has a clock of its own, so that many of it crowd out nothing that may still work. */
export const STALLED_STATES = ['activating', 'ending'] as const satisfies readonly GrantState[];
const OUTCOMES = ['approved', 'denied'] as const;

const durationMs = () => bigint('duration_ms', { mode: 'number' }).notNull();

const isPending = (state: AnyPgColumn): SQL => sql`${state} = 'pending'`;

export const requests = pgTable(
  'requests',
  {
    id: idText().primaryKey(),
    idempotencyKey: text('idempotency_key').unique(),
    /** Sent by a client with the call, so that a call that is sent again is known. */
    clientKey: text('client_key'),
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
    /** Approvers are reminded this long after the request, then after twice as long, and so on; null is never. */
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
    /** What approvers made of the request, oldest first; `role` and `duration_ms` hold what is requested now. */
    changes: json<RequestChange[]>()
      .notNull()
      .default(sql`'[]'::jsonb`),
    mayRemain: json<string[]>('may_remain')
      .notNull()
      .default(sql`'[]'::jsonb`),
    inTarget: json<InTarget>('in_target'),
    extendsGrantId: idText('extends_grant_id').references((): AnyPgColumn => grants.id),
    extendsByMs: bigint('extends_by_ms', { mode: 'number' }),
    /** Which job of the client requests; null for a person. */
    job: json<ClientJob>(),
    /** The people behind the job, who never approve it. */
    startedBy: json<string[]>('started_by')
      .notNull()
      .default(sql`'[]'::jsonb`),
    /** Accounts of the CI behind it, beside the one that started the job. */
    accounts: json<AccountBehind[]>()
      .notNull()
      .default(sql`'[]'::jsonb`),
    /** What made it, where neither a person nor a job did. */
    origin: json<RequestOrigin>(),
  },
  (table) => [
    index('requests_of_requester').on(table.requesterId, table.createdAt),
    index('requests_in_time').on(table.createdAt),
    index('requests_pending_of_requester').on(table.requesterId).where(isPending(table.state)),
    index('requests_pending').on(table.createdAt).where(isPending(table.state)),
    index('requests_to_lapse').on(table.lapsesAt).where(isPending(table.state)),
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
    index('requests_to_claim')
      .on(table.requesterId)
      .where(sql`${table.origin} is not null`),
    index('requests_of_run')
      .on(sql`(${table.job} ->> 'repositoryId')`, sql`(${table.job} ->> 'run')`)
      .where(sql`${table.job} is not null`),
    index('requests_of_job')
      .on(sql`(${table.job} ->> 'key')`)
      .where(sql`${table.job} is not null`),
    check('requests_break_glass_is_human', sql`not ${table.isBreakGlass} or ${table.job} is null`),
    check('requests_decided_at', sql`(${table.state} = 'pending') = (${table.decidedAt} is null)`),
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

type EndColumns = Record<'state' | 'endingAt' | 'endCause' | 'closedAt' | 'removedAt' | 'endOutcome', AnyPgColumn>;

const endChecks = (table: EndColumns) => [
  check(
    'grants_ending_since',
    sql`${table.state} not in ('ending', 'closed', 'removed') or (${table.endingAt} is not null and ${table.endCause} is not null)`,
  ),
  check('grants_closed_since', sql`(${table.state} in ('closed', 'removed')) = (${table.closedAt} is not null)`),
  check(
    'grants_removed_how',
    sql`(${table.state} = 'removed') = (${table.removedAt} is not null and ${table.endOutcome} is not null)`,
  ),
];

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
    /** What the person had in the target before, which no end takes away. */
    hadAlready: boolean('had_already').notNull().default(false),
    state: text().$type<GrantState>().notNull(),
    durationMs: durationMs(),
    /** Nothing touches the target before this. */
    startsAt: instant('starts_at'),
    /** How long the approval may be used; null in what was approved before this was stored. */
    claimMs: bigint('claim_ms', { mode: 'number' }),
    expiresAt: instant('expires_at').notNull(),
    activatedAt: instant('activated_at'),
    endingAt: instant('ending_at'),
    closedAt: instant('closed_at'),
    removedAt: instant('removed_at'),
    firstUsedAt: instant('first_used_at'),
    reportsUsage: boolean('is_use_told').notNull().default(false),
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
    /** The revocation of much at once that ended it; `revocations.ts`. */
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
    index('grants_stalled').on(table.nextAttemptAt).where(isOneOf(table.state, STALLED_STATES)),
    index('grants_to_remove')
      .on(table.closedAt)
      .where(isOneOf(table.state, ['closed'])),
    index('grants_live').on(table.expiresAt).where(isOneOf(table.state, LIVE_STATES)),
    index('grants_live_in_target').on(table.target, table.expiresAt).where(isOneOf(table.state, LIVE_STATES)),
    index('grants_to_see_used')
      .on(table.target)
      .where(sql`${table.state} = 'active' and ${table.reportsUsage} and ${table.firstUsedAt} is null`),
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
    ...endChecks(table),
  ],
);
