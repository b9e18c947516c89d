/** Votes: one of each person for each request. */
import { check, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { VoteKind } from '../../domain/requests/vote.ts';
import { idText, instant, isOneOf } from './columns.ts';
import { people } from './principals.ts';
import { requests } from './requests.ts';

const VOTE_KINDS = ['approve', 'deny'] as const satisfies readonly VoteKind[];

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
