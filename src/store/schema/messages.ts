/** The tables of messages: which stands where and shows which version, and who brings them up to date now. */
import { sql } from 'drizzle-orm';
import { check, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { MESSAGES } from '../../application/messages/message-ports.ts';
import type { MessageKindOf, SubjectKind } from '../../application/messages/message-ports.ts';
import { idText, instant, isOneOf, serialId } from './columns.ts';

const KINDS = Object.entries(MESSAGES).flatMap(([subject, kinds]) => kinds.map((kind) => `('${subject}', '${kind}')`));

/** What a message is about is in many tables, so no foreign key holds it. */
export const messages = pgTable(
  'messages',
  {
    id: serialId(),
    subjectKind: text('subject_kind').$type<SubjectKind>().notNull(),
    subjectId: idText('subject_id').notNull(),
    kind: text().$type<MessageKindOf<SubjectKind>>().notNull(),
    /** A user's or a channel's id. */
    audience: text().notNull(),
    /** Which of several of one kind, such as the number of the reminder or the second close; else 0. */
    part: integer().notNull().default(0),
    channel: text(),
    ts: text(),
    renderedVersion: integer('rendered_version').notNull().default(0),
    /** Fingerprint of what is shown, where that may change without the version. */
    rendered: text(),
    failure: text(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    unique('messages_once').on(table.subjectKind, table.subjectId, table.kind, table.audience, table.part),
    check('messages_kind', sql`(${table.subjectKind}, ${table.kind}) in (${sql.raw(KINDS.join(', '))})`),
    check('messages_part', sql`${table.part} >= 0`),
  ],
);

/** While `until` is in the future, one process brings the messages of this subject up to date. */
export const messageLeases = pgTable(
  'message_leases',
  {
    subjectKind: text('subject_kind').$type<SubjectKind>().notNull(),
    subjectId: idText('subject_id').notNull(),
    until: instant('until').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.subjectKind, table.subjectId] }),
    check('message_leases_subject', isOneOf(table.subjectKind, Object.keys(MESSAGES))),
  ],
);
