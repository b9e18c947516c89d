/** Which Slack user group a handle of the policy was first seen at. */
import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

export const userGroupHandles = pgTable(
  'user_group_handles',
  {
    teamId: text('team_id').notNull(),
    /** As `handleOf` writes it. */
    handle: text().notNull(),
    groupId: text('group_id').notNull(),
    boundAt: instant('bound_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.teamId, table.handle] })],
);

/** Other groups that were found at a bound handle later, and of which admins were notified. */
export const movedHandles = pgTable(
  'moved_user_group_handles',
  {
    teamId: text('team_id').notNull(),
    handle: text().notNull(),
    groupId: text('group_id').notNull(),
    notifiedAt: instant('told_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.teamId, table.handle, table.groupId] })],
);
