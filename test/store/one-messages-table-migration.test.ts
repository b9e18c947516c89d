/** Before there was one table for all messages, each subject had its own: each message that stands is still known, and is posted no second time. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type pg from 'pg';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { asOfMigration } from '../support/old-schema.ts';
import { withClient } from '../support/world.ts';
import { openTestStore, somePerson, storeRequest } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

type Row = {
  subject: string;
  id: string;
  kind: string;
  audience: string;
  part: number;
  place: string | null;
  version: number;
  rendered: string | null;
  failure: string | null;
};

const ALL = `select subject_kind as subject, subject_id as id, kind, audience, part, channel || ' ' || ts as place, rendered_version as version,
    rendered, failure from messages order by subject_kind, subject_id, kind, audience, part`;
const LEASES =
  'select subject_kind as subject, subject_id as id, until > now() as "isHeld" from message_leases order by 1';

const all = async (client: pg.Pool | pg.Client): Promise<Row[]> => (await client.query<Row>(ALL)).rows;

/** One message or more of every subject, each in another state. */
const fill = async (): Promise<void> => {
  const { store, pool } = opened;
  const [holder, giver] = [
    { ...somePerson('Ada'), id: 'T1:U1', userId: 'U1' },
    { ...somePerson('Olga'), id: 'T1:U2', userId: 'U2' },
  ];
  const { id } = await storeRequest(store);
  await store.transaction(async (tx) => {
    await tx.principals.upsert(holder);
    await tx.principals.upsert(giver);
    await tx.announcements.add({ id: 'n1', kind: 'overdue', key: 'overdue:x', lines: ['late'] }, 0);
  });
  const statements = [
    `insert into incidents (id, channel_id, channel_name, topic, is_private, severity, state, how, opened_at)
     values ('i1', 'C9', 'inc-9', '', false, '', 'open', 'created', now())`,
    `insert into alerts (id, mapping, source, title, state, created_at) values ('a1', 'm', 'generic', 't', 'firing', now())`,
    `insert into pre_approvals (id, person_id, target, role, by_person_id, created_at, expires_at)
     values ('p1', 'T1:U1', 't', 'r', 'T1:U2', now(), now() + interval '1 hour'), ('p2', 'T1:U1', 't', 'r', 'T1:U2', now(), now())`,
    `insert into revocations (id, by_person_id, created_at) values ('v1', 'T1:U2', now()), ('v2', 'T1:U2', now())`,
    `insert into messages (subject_kind, subject_id, kind, audience, part, channel, ts, rendered_version, rendered, failure, created_at) values
      ('request', '${id}', 'approval', 'C1', 0, 'C1', '1.1', 2, null, null, now()),
      ('request', '${id}', 'reminder', 'C1', 3, 'C1', '1.2', 1, null, null, now()),
      ('request', '${id}', 'approval', 'U3', 0, null, null, 0, null, 'user_not_found', now()),
      ('incident', 'i1', 'prompt', 'C9', 0, 'C9', '2.1', 4, null, null, now()),
      ('incident', 'i1', 'closing', 'U1', 2, null, null, 0, null, null, now()),
      ('alert', 'a1', 'alert', 'C9', 0, 'C9', '3.1', 1, null, 'not_in_channel', now()),
      ('alert', 'a1', 'alert', 'U1', 0, null, null, 0, null, null, now()),
      ('admin_notification', 'n1', 'notice', 'U2', 0, 'D2', '4.1', 1, null, null, now()),
      ('admin_notification', 'n1', 'notice', 'U1', 0, null, null, 1, null, 'knows', now()),
      ('pre_approval', 'p1', 'pre_approval', 'U1', 0, 'D1', '5.1', 1, null, null, now()),
      ('revocation', 'v1', 'progress', 'U2', 0, 'D2', '6.1', 1, 'abc', null, now())`,
  ];
  for (const statement of statements) await pool.query(statement);
};

test('every message of every subject is known by its place, and a lease is still held', async () => {
  await fill();
  const before = await all(opened.pool);
  const old = await asOfMigration(opened.url, '0043_two_strokes');
  try {
    const now = await withClient(old.url, async (client) => {
      const counts =
        await client.query(`select (select count(*)::int from messages) as requests, (select count(*)::int from incident_messages) as incidents,
        (select count(*)::int from alert_messages) as alerts, (select count(*)::int from announcement_copies) as notices,
        (select string_agg(ts, ' ') from allowances) as allowance, (select string_agg(ts || drawn, ' ') from revocations) as revocation`);
      expect(counts.rows).toEqual([
        { requests: 3, incidents: 2, alerts: 2, notices: 2, allowance: '5.1', revocation: '6.1abc' },
      ]);
      await client.query(`update requests set sync_lease_until = now() + interval '1 minute'`);
      await client.query(`update incidents set sync_lease_until = now() + interval '1 minute'`);
      await client.query(`update alerts set sync_lease_until = now() - interval '1 minute'`);
      await migrateDatabase(old.url);
      return { rows: await all(client), leases: (await client.query(LEASES)).rows };
    });
    expect(now.rows).toHaveLength(before.length);
    expect(now.rows).toEqual(before);
    expect(now.leases).toMatchObject([
      { subject: 'incident', id: 'i1', isHeld: true },
      { subject: 'request', isHeld: true },
    ]);
  } finally {
    await old.drop();
  }
});
