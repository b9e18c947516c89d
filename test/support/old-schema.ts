/** Latchkey's database as an earlier version left it: the first migrations only, with the rows that are in a database of today. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import type pg from 'pg';
import { EMPTY_HEAD, EVENT_COLUMNS, eventOf, hashOf } from '../../src/store/audit/chain.ts';
import type { EventRow } from '../../src/store/audit/chain.ts';
import { testServices } from './services.ts';
import { withClient } from './world.ts';

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));

type Journal = { entries: { tag: string }[] };

const journal = (): Journal => JSON.parse(readFileSync(`${FOLDER}/meta/_journal.json`, 'utf8')) as Journal;

/** Names of all migrations, oldest first. */
export const migrationNames = (): string[] => journal().entries.map(({ tag }) => tag);

const migrateUpTo = async (client: pg.Client, last: string): Promise<void> => {
  const all = journal();
  const entries = all.entries.slice(0, all.entries.findIndex(({ tag }) => tag === last) + 1);
  const folder = path.join(testServices().runDir, `migrations-${last}-${process.pid}`);
  mkdirSync(`${folder}/meta`, { recursive: true });
  for (const { tag } of entries) cpSync(`${FOLDER}/${tag}.sql`, `${folder}/${tag}.sql`);
  writeFileSync(`${folder}/meta/_journal.json`, JSON.stringify({ ...all, entries }));
  await migrate(drizzle(client), {
    migrationsFolder: folder,
    migrationsSchema: 'public',
    migrationsTable: 'schema_migrations',
  });
  rmSync(folder, { recursive: true, force: true });
};

const TABLES = `select table_name as name from information_schema.tables
  where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'schema_migrations'`;
const IDENTITIES = `select column_name as name from information_schema.columns
  where table_schema = 'public' and table_name = $1 and is_identity = 'YES'`;

/** What columns were called before they were renamed, with their names of today. */
const RENAMED: Record<string, Record<string, string>> = {
  grants: { person_id: 'grantee_id', ended_at: 'removed_at' },
  refusal_counts: { person_id: 'principal_id' },
  revocations: { allowances: 'pre_approvals' },
  incidents: { vouched_by: 'confirmed_by', vouched_at: 'confirmed_at', vouched_name: 'confirmed_name' },
};

/** Where the rows of tables are now that were renamed, or whose words were. */
const SOURCES: Record<string, string> = {
  allowances: 'select * from pre_approvals',
  outbox: `select * from outbox where kind <> 'pre_approval'`,
  announcements: `select * from announcements where kind <> 'email_conflict'`,
};

const shownAs = (subject: string, id: string): string =>
  `select m.*, m.subject_id as ${id}, m.rendered_version as drawn_version from messages m where m.subject_kind = '${subject}'`;
const shown = (column: string): string =>
  `(select m.${column} from messages m where m.subject_id = s.id and m.subject_kind in ('pre_approval', 'revocation'))`;

/** Before there was one table for all messages, each subject had its own, or columns. */
const BEFORE_ONE_TABLE: Record<string, string> = {
  messages: shownAs('request', 'request_id'),
  incident_messages: shownAs('incident', 'incident_id'),
  alert_messages: shownAs('alert', 'alert_id'),
  announcement_copies: shownAs('admin_notification', 'announcement_id'),
  allowances: `select s.*, ${shown('channel')} as channel, ${shown('ts')} as ts from pre_approvals s`,
  revocations: `select s.*, ${shown('channel')} as channel, ${shown('ts')} as ts, ${shown('rendered')} as drawn from revocations s`,
};
const HAS_OWN_TABLES = `select from information_schema.columns
  where table_schema = 'public' and table_name = 'messages' and column_name = 'request_id'`;

/** What the old table has no column for is left behind, as it would never have been written. */
const copyTable = async (
  from: pg.Client,
  to: pg.Client,
  { table, source }: { table: string; source: string },
): Promise<void> => {
  const before = Object.entries(RENAMED[table] ?? {}).map(([then, now]) => `'${then}', t.${now}`);
  const { rows } = await from.query<{ all: string }>(
    `select coalesce(jsonb_agg(to_jsonb(t) || jsonb_build_object(${before.join(', ')})), '[]')::text as all from (${source}) t`,
  );
  await to.query(
    `insert into ${table} overriding system value select * from jsonb_populate_recordset(null::${table}, $1::jsonb)`,
    [rows[0]?.all],
  );
  for (const { name } of (await to.query<{ name: string }>(IDENTITIES, [table])).rows)
    await to.query(
      `select setval(pg_get_serial_sequence('${table}', '${name}'), (select coalesce(max(${name}), 0) + 1 from ${table}), false)`,
    );
};

const HAS_TREE = `select from information_schema.columns
  where table_schema = 'public' and table_name = 'audit_chain' and column_name = 'open_text'`;
const CHAINED = `select ${EVENT_COLUMNS} from unnest($1::bigint[]) with ordinality o (id, place) join audit_events e using (id) order by place`;
const CHAIN = `insert into audit_chain (seq, event_id, prev_hash, hash) select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])`;

/** Before there was a tree, the hashes of the chain covered the events themselves: the copy is chained as it was then. */
const chainAsThen = async (from: pg.Client, to: pg.Client): Promise<void> => {
  const chained = await from.query<{ id: string }>('select event_id as id from audit_chain order by seq');
  const ids = chained.rows.map(({ id }) => id);
  const { rows } = await to.query<EventRow>({ text: CHAINED, values: [ids], rowMode: 'array' });
  let head = EMPTY_HEAD;
  const places = rows.map((row) => {
    const event = eventOf(row);
    const prevHash = head.hash;
    head = { seq: head.seq + 1, hash: hashOf(head.seq + 1, prevHash, event) };
    return { id: event.id, prevHash, ...head };
  });
  await to.query(CHAIN, [
    places.map(({ seq }) => seq),
    places.map(({ id }) => id),
    places.map(({ prevHash }) => prevHash),
    places.map(({ hash }) => hash),
  ]);
};

/** Gives the URL of a new database with the schema of `last` and the rows of the one at `url`; `drop` removes it. */
export const asOfMigration = async (url: string, last: string): Promise<{ url: string; drop: () => Promise<void> }> => {
  const { adminUrl } = testServices();
  const old = new URL(url);
  old.pathname = `${old.pathname}_${last.slice(0, 4)}`;
  const name = old.pathname.slice(1);
  await withClient(adminUrl, (admin) => admin.query(`create database ${name}`));
  await withClient(url, (from) =>
    withClient(old.href, async (to) => {
      await migrateUpTo(to, last);
      // Rows come in any order, and the log may be written once: neither is checked while they are copied.
      await to.query('set session_replication_role = replica');
      const tables = await to.query<{ name: string }>(TABLES);
      const hasOwnTables = (await to.query(HAS_OWN_TABLES)).rowCount !== 0;
      const isRenamed = tables.rows.some((row) => row.name === 'pre_approvals');
      const sourceOf = (table: string): string =>
        (hasOwnTables && BEFORE_ONE_TABLE[table]) || (!isRenamed && SOURCES[table]) || `select * from ${table}`;
      const hasTree = (await to.query(HAS_TREE)).rowCount !== 0;
      for (const { name: table } of tables.rows)
        if (hasTree || table !== 'audit_chain') await copyTable(from, to, { table, source: sourceOf(table) });
      if (!hasTree) await chainAsThen(from, to);
    }),
  );
  return {
    url: old.href,
    drop: () => withClient(adminUrl, async (admin) => void (await admin.query(`drop database ${name} with (force)`))),
  };
};
