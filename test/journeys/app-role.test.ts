/** The app as a role that owns no table, with the statements of `docs/audit.md`: it does its work, and cannot touch the record. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { erasePersonal } from '../../src/application/evidence/record-keeping.ts';
import { createLog } from '../../src/lib/log.ts';
import { recordKeeping } from '../../src/store/audit/record-keeping.ts';
import { createPool, createStore } from '../../src/store/client.ts';
import { runCli } from '../support/process.ts';
import { randomSuffix } from '../support/services.ts';
import { storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

const role = `latchkey_app_${randomSuffix()}`;
let world: World;
let story: Story;
let ownerUrl: string;
let appUrl: string;

/** The block as it stands, with the names of this run: roles belong to the whole cluster. */
const statements = (): string => {
  const page = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');
  const block = /```sql app-role\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  return block
    .replaceAll('latchkey_app', role)
    .replaceAll('latchkey_owner', decodeURIComponent(new URL(ownerUrl).username))
    .replace('on database latchkey ', `on database ${world.database.name} `);
};

beforeAll(async () => {
  world = await startWorld({ mode: 'http' });
  story = storyOf(world);
  ownerUrl = world.database.url;
  await withClient(ownerUrl, (owner) => owner.query(`${statements()}; alter role ${role} password 'made up'`));
  const url = new URL(ownerUrl);
  url.username = role;
  url.password = 'made up';
  appUrl = url.href;
  world.env['DATABASE_URL'] = appUrl;
  await world.start();
});
afterAll(async () => {
  const { adminUrl } = world.database;
  await withClient(ownerUrl, (owner) => owner.query(`drop owned by ${role}`));
  await world.stop();
  await withClient(adminUrl, (admin) => admin.query(`drop role ${role}`));
});

test('a request is decided, access is given and ends, and every event of it is chained', async () => {
  const message = await story.ask('ada', 'orders-db read 4s look at the stuck orders');
  await world.slack.as('olga').click(message, 'approve');
  await story.dm('ada', 'show_credentials');
  await until(async () => (await world.sql(`select 1 from grants where state = 'removed'`)).length, 'the end');
  await until(async () => (await world.sql('select 1 from audit_unsealed')).length === 0, 'the chain');
  const verified = await runCli(['audit', 'verify'], world.env);
  expect(verified).toMatchObject({ code: 0, err: '' });
  expect(await world.sql('select 1 from seen_requests')).not.toEqual([]);
});

test.each([
  ['changes an event', 'update audit_events set data = data', '42501'],
  ['deletes an event', 'delete from audit_events', '42501'],
  ['empties the log', 'truncate audit_events', '42501'],
  ['changes the chain', 'update audit_chain set hash = hash', '42501'],
  ['switches the trigger off', 'alter table audit_events disable trigger audit_events_append_only', '42501'],
  ['drops the trigger', 'drop trigger audit_events_append_only on audit_events', '42501'],
  [
    'replaces its function',
    `create or replace function refuse_change() returns trigger language plpgsql as 'begin return null; end'`,
    '42501',
  ],
  ['says that it was migrated', 'insert into schema_migrations (hash, created_at) values (1, 1)', '42501'],
])('it is refused where it %s', async (_what, statement, code) => {
  const refused = withClient(appUrl, (client) => client.query(statement));
  await expect(refused).rejects.toMatchObject({ code });
});

/** What the owner's functions read, in the schema of temporary tables that Postgres looks in before all others. */
const LOOKALIKES = `
create temp table audit_personal as select id as event_id from audit_events where type = 'request.created' limit 1;
create temp table audit_chain as
  select event_id, 1::bigint as seq, '{"actor":{"kind":"system"},"data":{}}' as open_text from audit_personal
  union all
  select min(id), 2, '{"data":{"throughSeq":1}}' from audit_events where type = 'record.erased'`;

test('it cannot have an event rewritten by tables that are named as those of the log', async () => {
  await withClient(appUrl, async (app) => {
    await app.query('begin');
    await app.query(
      `insert into audit_events (at, type, actor, data) values (now(), 'record.erased', '{"kind":"system"}', '{"throughSeq":1}')`,
    );
    await app.query(LOOKALIKES);
    const of = 'select actor, data from audit_events where id = (select event_id from pg_temp.audit_personal)';
    const { rows: before } = await app.query(of);
    const { rows: erased } = await app.query('select erase_personal(10) as count');
    const { rows: after } = await app.query(of);
    await app.query('rollback');
    expect(before).toHaveLength(1);
    expect({ erased, after }).toEqual({ erased: [{ count: 0 }], after: before });
  });
});

test('it may write the tables that a later version brings', async () => {
  await withClient(ownerUrl, (owner) => owner.query('create table of_a_later_version (id int)'));
  await withClient(appUrl, async (app) => {
    await app.query('insert into of_a_later_version values (1)');
    await app.query('delete from of_a_later_version');
  });
  const { rows } = await withClient(ownerUrl, (owner) => owner.query('select 1 from of_a_later_version'));
  expect(rows).toEqual([]);
});

/** As if two days had passed: all that is there is older than this. */
const ALL_IS_OLD = -172_800_000;

test('it erases what is older than the retention, by the function of the owner alone', async () => {
  const log = createLog('silent');
  const pool = createPool({ url: appUrl, ca: null, log, max: 4 });
  const store = createStore({ pool, log, onWork: () => undefined });
  const made = await erasePersonal({ store, keeping: recordKeeping(pool) }, ALL_IS_OLD);
  expect(made?.erased).toBeGreaterThan(0);
  await store.close();
  const verified = await runCli(['audit', 'verify'], world.env);
  expect(verified).toMatchObject({ code: 0, out: expect.stringMatching(/^erased: the personal parts of \d+ events/m) });
});

test('the owner of the tables can switch the triggers off, as the page says', async () => {
  await withClient(ownerUrl, async (owner) => {
    await owner.query('begin');
    await owner.query('alter table audit_events disable trigger all');
    const { rowCount } = await owner.query('update audit_events set data = data');
    expect(rowCount).toBeGreaterThan(0);
    await owner.query('rollback');
  });
});
