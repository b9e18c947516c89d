/** Before ends had two strokes, a grant was `ended` in one: what had ended, was ending, was stuck and lives goes on as what it was. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { asOfMigration } from '../support/old-schema.ts';
import { withClient } from '../support/world.ts';
import { openTestStore, storeActiveGrant } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

test('no grant is lost, and none is called closed that nobody recorded as closed', async () => {
  const ids = [];
  for (let made = 0; made < 5; made += 1) ids.push(await storeActiveGrant(opened.store));
  const [ended = '', wasStuck = '', stuck = '', ending = '', live = ''] = ids;
  const before = await asOfMigration(opened.url, '0042_campaigns');
  try {
    const rows = await withClient(before.url, async (client) => {
      const begin = `state = 'ending', ending_at = now() - interval '1 minute', end_cause = 'expired'`;
      await client.query(`update grants set ${begin} where id <> $1`, [live]);
      await client.query(`update grants set closed_at = now() - interval '30 seconds' where id = any($1)`, [
        [wasStuck, stuck],
      ]);
      await client.query(
        `update grants set state = 'ended', ended_at = now(), end_outcome = 'already_absent' where id = any($1)`,
        [[ended, wasStuck]],
      );
      await migrateDatabase(before.url);
      const { rows: now } = await client.query<{ id: string }>(
        `select id, state, closed_at < removed_at as "wasStuck", closed_at is not null as "isClosed", removed_at is not null as "isRemoved",
           end_outcome as outcome from grants`,
      );
      return now;
    });
    const of = (id: string) => rows.find((row) => row.id === id);
    const removed = { state: 'removed', isClosed: true, isRemoved: true, outcome: 'already_absent' };
    expect(of(ended)).toMatchObject({ ...removed, wasStuck: false });
    expect(of(wasStuck)).toMatchObject({ ...removed, wasStuck: true });
    // Its close is read back and recorded anew.
    for (const id of [stuck, ending])
      expect(of(id)).toMatchObject({ state: 'ending', isClosed: false, isRemoved: false });
    expect(of(live)).toMatchObject({ state: 'active', isClosed: false, isRemoved: false });
  } finally {
    await before.drop();
  }
});
