/** Alerts of Alertmanager that an earlier version kept under fingerprint and start are found by their fingerprint after an upgrade. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { asOfMigration } from '../support/old-schema.ts';
import { withClient } from '../support/world.ts';

let database: TestDatabase;
let old: Awaited<ReturnType<typeof asOfMigration>>;

beforeAll(async () => {
  database = await createTestDatabase();
  await withClient(database.url, async (client) => {
    for (const [id, source] of [
      ['a', 'alertmanager'],
      ['b', 'alertmanager'],
      ['c', 'pagerduty'],
    ])
      await client.query(
        `insert into alerts (id, mapping, source, title, state, created_at) values ($1, 'm', $2, 't', 'firing', now())`,
        [id, source],
      );
    const signals = [
      ['alertmanager', 'f1:2026-11-22T11:00:00.000Z', 'a', 'firing', '2026-11-22T11:00:00Z'],
      ['alertmanager', 'f2:2026-11-22T11:00:00.000Z', 'b', 'firing', '2026-11-22T11:00:00Z'],
      // Its end came with another start, so nothing ended.
      ['alertmanager', 'f2:2026-11-22T11:20:00.000Z', null, 'resolved', '2026-11-22T11:20:00Z'],
      ['pagerduty', 'Q1:2026-11-22T11:00:00.000Z', 'c', 'firing', '2026-11-22T11:00:00Z'],
    ];
    for (const row of signals)
      await client.query(
        'insert into alert_signals (source, key, alert_id, state, at) values ($1, $2, $3, $4, $5)',
        row,
      );
  });
  old = await asOfMigration(database.url, '0018_first_use');
});
afterAll(async () => {
  await old.drop();
  await database.drop();
});

test('each fingerprint is kept once, and what its source had ended is over and refreshed', async () => {
  await migrateDatabase(old.url);
  await withClient(old.url, async (client) => {
    const { rows: signals } = await client.query('select key, state from alert_signals order by key');
    expect(signals).toEqual([
      { key: 'Q1:2026-11-22T11:00:00.000Z', state: 'firing' },
      { key: 'f1', state: 'firing' },
      { key: 'f2', state: 'resolved' },
    ]);
    const { rows: alerts } = await client.query('select id, state, version from alerts order by id');
    expect(alerts).toEqual([
      { id: 'a', state: 'firing', version: 1 },
      { id: 'b', state: 'resolved', version: 2 },
      { id: 'c', state: 'firing', version: 1 },
    ]);
    expect((await client.query('select kind, subject_id from outbox')).rows).toEqual([
      { kind: 'alert', subject_id: 'b' },
    ]);
  });
});
