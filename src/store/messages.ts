/** Where each message stands, which version of its subject it shows, and who brings them up to date now. */
import { and, asc, eq, isNotNull } from 'drizzle-orm';
import type pg from 'pg';
import { createBatch } from '../lib/batch.ts';
import type { MessageCopy, MessageStore, MessageSubject } from '../application/messages/message-ports.ts';
import { messages } from './schema/messages.ts';
import { clock, slot } from './statement.ts';
import type { Db } from './statement.ts';

const CLAIM = `
  insert into message_leases (subject_kind, subject_id, until)
  values ($1, $2, clock_timestamp() + $3::double precision * interval '1 millisecond')
  on conflict (subject_kind, subject_id) do update set until = excluded.until where message_leases.until <= clock_timestamp()
  returning 1`;

/** Locked in one order, as everywhere. The version of an incident counts everything that is tied to it. */
const RELEASE = `
  with given as (
    select * from unnest($1::text[], $2::text[]) with ordinality as g (kind, id, place)
  ), held as (
    select l.subject_kind, l.subject_id from message_leases l join given g on l.subject_kind = g.kind and l.subject_id = g.id
    order by l.subject_kind, l.subject_id for update of l
  ), released as (
    delete from message_leases l using held h where l.subject_kind = h.subject_kind and l.subject_id = h.subject_id
  )
  select case g.kind
    when 'request' then (select version from requests where id = g.id)
    when 'incident' then (select (i.version + coalesce((select sum(r.version) from requests r where r.incident_id = i.id), 0))::int
      from incidents i where i.id = g.id)
    when 'alert' then (select version from alerts where id = g.id)
    when 'admin_notification' then (select version from announcements where id = g.id)
    end as version
  from given g order by g.place`;

/** Its place in the unique index orders the rows, so that two who save the same ones do not wait for each other. */
const SAVE = `
  insert into messages (subject_kind, subject_id, kind, audience, part, channel, ts, rendered_version, rendered, failure, created_at)
  select c."subjectKind", c."subjectId", c.kind, c.audience, c.part, c.channel, c.ts, c."renderedVersion", c.rendered, c.failure,
    clock_timestamp()
  from json_to_recordset($1::json) as c(
    "subjectKind" text, "subjectId" text, kind text, audience text, part int, channel text, ts text, "renderedVersion" int, rendered text,
    failure text)
  order by c."subjectKind", c."subjectId", c.kind, c.audience, c.part
  on conflict on constraint messages_once
  do update set channel = excluded.channel, ts = excluded.ts, rendered_version = excluded.rendered_version, rendered = excluded.rendered,
    failure = excluded.failure`;

const BATCH_MAX = 100;

const isOf = and(eq(messages.subjectKind, slot('kind')), eq(messages.subjectId, slot('id')));

const listStatement = (db: Db) => {
  const { kind, audience, part, channel, ts, renderedVersion, rendered, failure } = messages;
  return db
    .select({ kind, audience, part, channel, ts, renderedVersion, rendered, failure })
    .from(messages)
    .where(isOf)
    .orderBy(asc(messages.id))
    .prepare('message_list');
};

type Saved = { subject: MessageSubject; copy: MessageCopy };

const saver = (pool: pg.Pool) =>
  createBatch<Saved, null>({
    max: BATCH_MAX,
    run: async (saved) => {
      const rows = saved.map(({ subject, copy }) => ({ subjectKind: subject.kind, subjectId: subject.id, ...copy }));
      await pool.query({ name: 'message_save', text: SAVE, values: [JSON.stringify(rows)] });
      return saved.map(() => null);
    },
  });

const releaser = (pool: pg.Pool) =>
  createBatch<MessageSubject, { version: number }>({
    max: BATCH_MAX,
    run: async (subjects) => {
      const values = [subjects.map(({ kind }) => kind), subjects.map(({ id }) => id)];
      const { rows } = await pool.query<{ version: number | null }>({ name: 'message_release', text: RELEASE, values });
      return rows.map(({ version }) => ({ version: version ?? 0 }));
    },
  });

export const messageStore = (db: Db, pool: pg.Pool): MessageStore => {
  const list = listStatement(db);
  const save = saver(pool);
  return {
    claim: async ({ kind, id }, leaseMs) =>
      (await pool.query({ name: 'message_claim', text: CLAIM, values: [kind, id, leaseMs] })).rowCount === 1,
    release: releaser(pool),
    list: ({ kind, id }) => list.execute({ kind, id }),
    save: async (subject, copy) => void (await save({ subject, copy })),
    clearFailures: async ({ kind, id }, audience) => {
      const cleared = await db
        .update(messages)
        .set({ failure: null })
        .where(
          and(
            eq(messages.subjectKind, kind),
            eq(messages.subjectId, id),
            eq(messages.audience, audience),
            isNotNull(messages.failure),
          ),
        )
        .returning({ id: messages.id });
      return cleared.length > 0;
    },
  };
};

/** Kept in a transaction: posted once its work is done; with a `failure` it is not posted. */
export const planMessage = async (
  db: Db,
  subject: MessageSubject,
  planned: Pick<MessageCopy, 'kind' | 'audience'> & { failure?: string },
): Promise<void> => {
  const row = { subjectKind: subject.kind, subjectId: subject.id, ...planned, createdAt: clock };
  await db.insert(messages).values(row).onConflictDoNothing();
};
