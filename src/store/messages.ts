/** Where in Slack a request is shown, and which version of it was drawn there. */
import { and, eq, isNull, lte, or, sql } from 'drizzle-orm';
import type pg from 'pg';
import { createBatch } from '../lib/batch.ts';
import type { Store } from '../application/deps.ts';
import type { MessageCopy } from '../application/messages/message-ports.ts';
import { messages, requests } from './schema/requests.ts';
import { ROW_LOCK, clock, clockPlus, firstOrNull, given, slot } from './statement.ts';
import type { Db } from './statement.ts';
import { selectViews, viewOf } from './request-views.ts';

const copiesOfRequest = sql<MessageCopy[]>`(
  select coalesce(json_agg(json_build_object(
    'requestId', ${messages.requestId}, 'kind', ${messages.kind}, 'audience', ${messages.audience}, 'part', ${messages.part},
    'channel', ${messages.channel}, 'ts', ${messages.ts}, 'drawnVersion', ${messages.drawnVersion}, 'failure', ${messages.failure}
  ) order by ${messages.id}), '[]')
  from ${messages} where ${messages.requestId} = ${requests.id})`;

/**
 * The lease and everything there is to draw, in one statement. The view is as it was when the statement began; where it waited for a lock,
 * the version that `release` gives is a later one, and the request is drawn again.
 *
 * `=` and not `in`: more tables are joined than Postgres reorders (`join_collapse_limit`, 8), so what `in` makes a join of its own is joined
 * last, after every request was joined with everything that belongs to it.
 */
const openStatement = (db: Db) => {
  const isFree = or(isNull(requests.syncLeaseUntil), lte(requests.syncLeaseUntil, clock));
  const claimed = db.$with('claimed').as(
    db
      .update(requests)
      .set({ syncLeaseUntil: clockPlus(given('leaseMs')) })
      .where(and(eq(requests.id, slot('requestId')), isFree))
      .returning({ id: requests.id }),
  );
  return selectViews(db.with(claimed), copiesOfRequest)
    .where(sql`${requests.id} = (select id from claimed)`)
    .prepare('message_open');
};

/** Locked in one order, as everywhere. */
const releaseStatement = (db: Db) => {
  const held = db.$with('held').as(
    db
      .select({ id: requests.id })
      .from(requests)
      .where(sql`${requests.id} = any(${slot('requestIds')}::text[])`)
      .orderBy(requests.id)
      .for(ROW_LOCK),
  );
  return db
    .with(held)
    .update(requests)
    .set({ syncLeaseUntil: null })
    .from(held)
    .where(eq(requests.id, held.id))
    .returning({ id: requests.id, version: requests.version })
    .prepare('message_release');
};

/** Its place in the unique index orders the rows, so that two who save the same ones do not wait for each other. */
const SAVE = `
  insert into messages (request_id, kind, audience, part, channel, ts, drawn_version, failure, created_at)
  select c."requestId", c.kind, c.audience, c.part, c.channel, c.ts, c."drawnVersion", c.failure, clock_timestamp()
  from json_to_recordset($1::json) as c(
    "requestId" text, kind text, audience text, part int, channel text, ts text, "drawnVersion" int, failure text)
  order by c."requestId", c.kind, c.audience, c.part
  on conflict on constraint messages_once_per_audience
  do update set channel = excluded.channel, ts = excluded.ts, drawn_version = excluded.drawn_version, failure = excluded.failure`;

const BATCH_MAX = 100;

export const messageStore = (db: Db, pool: pg.Pool): Store['messages'] => {
  const open = openStatement(db);
  const releaseMany = releaseStatement(db);
  const release = createBatch<string, { version: number }>({
    max: BATCH_MAX,
    run: async (requestIds) => {
      const rows = await releaseMany.execute({ requestIds: [...new Set(requestIds)] });
      const versions = new Map(rows.map(({ id, version }) => [id, version]));
      return requestIds.map((id) => ({ version: versions.get(id) ?? 0 }));
    },
  });
  const save = createBatch<MessageCopy, null>({
    max: BATCH_MAX,
    run: async (copies) => {
      await pool.query({ name: 'message_save', text: SAVE, values: [JSON.stringify(copies)] });
      return copies.map(() => null);
    },
  });
  return {
    open: async (requestId, leaseMs) => {
      const row = firstOrNull(await open.execute({ requestId, leaseMs }));
      return row && { view: viewOf(row), copies: row.copies as MessageCopy[] };
    },
    release,
    save: async (copy) => void (await save(copy)),
  };
};
