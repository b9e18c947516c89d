/** The table of deployments that wait on GitLab. */
import { sql } from 'drizzle-orm';
import { index, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { idText, instant } from './columns.ts';
import { requests } from './requests.ts';

export const gitlabGates = pgTable(
  'gitlab_gates',
  {
    id: idText().primaryKey(),
    projectId: text('project_id').notNull(),
    projectPath: text('project_path').notNull(),
    deployment: text().notNull(),
    job: text().notNull(),
    pipeline: text().notNull(),
    environment: text().notNull(),
    sha: text().notNull(),
    requestId: idText('request_id').references(() => requests.id),
    /** Why it is rejected, where no request was made. */
    refusal: text(),
    /** GitLab was answered, or no longer waits. */
    settledAt: instant('settled_at'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    unique('gitlab_gates_once').on(table.projectId, table.deployment),
    index('gitlab_gates_open')
      .on(table.createdAt)
      .where(sql`${table.settledAt} is null`),
  ],
);
