/** The disk of Latchkey's own Postgres is really full: what cannot be recorded does not happen, and everybody is told; with room it goes on. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { App } from '../../src/compose/app.ts';
import { findBroken } from '../support/integrity.ts';
import { startOwnServices, testServices } from '../support/services.ts';
import { startPostgresOnSmallDisk, whyNoSmallDisk } from '../support/small-disk.ts';
import type { FillablePostgres } from '../support/small-disk.ts';
import { openSession, until } from '../support/story.ts';
import { withClient } from '../support/world.ts';
import { startFaultWorld } from './fault-world.ts';
import type { FaultWorld } from './fault-world.ts';
import { letHoldsRunOut } from './restarts.ts';
import { findLies } from './truth.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const RECOVERED_MS = 60_000;
const WRONG = 'Something went wrong on our side';
const DISK_FULL = '53100';
const WRONG_PASSWORD = '28P01';

let postgres: FillablePostgres;
let faults: FaultWorld;
let app: App;

const readyz = async (): Promise<{ status: number; postgres: string }> => {
  const response = await fetch(`http://127.0.0.1:${app.metricsPort}/readyz`);
  const { checks } = (await response.json()) as { checks: { postgres: string } };
  return { status: response.status, postgres: checks.postgres };
};

const begin = async (): Promise<void> => {
  postgres = await startPostgresOnSmallDisk();
  const services = await startOwnServices(testServices(), async () => postgres);
  faults = await startFaultWorld({ services, targetAdminUrl: testServices().adminUrl });
  const { database } = faults.world;
  // The cluster of tests forgets what it has just committed when it breaks down; this one must not.
  await withClient(database.adminUrl, (admin) =>
    admin.query(`alter database ${database.name} set synchronous_commit = on`),
  );
  app = await faults.world.start();
};

const FILL_OUTBOX = `do $$ begin loop
  insert into outbox (kind, subject_id, available_at, dispatched_at, created_at) values ('notify', '', 'infinity', 'infinity', now());
  commit;
end loop; end $$`;
const EMPTY_OUTBOX = `delete from outbox where subject_id = ''`;

/** A table's last page takes rows although the disk is full: that of the outbox is filled too, so that no change of state finds room. */
const leaveNoRoom = async (): Promise<void> => {
  postgres.disk.fill();
  const isFuller = async (before: number): Promise<number> => {
    await expect(faults.world.sql(FILL_OUTBOX)).rejects.toMatchObject({ code: DISK_FULL });
    const rows = await faults.world.sql('select 1 from outbox');
    return rows.length > before ? isFuller(rows.length) : rows.length;
  };
  await isFuller(0);
};

/** The code with which a login fails; empty when it does not. */
const loginFailure = (url: string): Promise<string> =>
  withClient(url, () => Promise.resolve('')).catch((error: unknown) => String((error as { code?: unknown }).code));

/** Writes WAL until there is no room for more, which Postgres does not survive. */
const breakDown = async (): Promise<void> => {
  const { adminUrl } = faults.services;
  const write = `do $$ begin loop perform pg_logical_emit_message(false, 'test', repeat('x', 1000000)); end loop; end $$`;
  await expect(withClient(adminUrl, (admin) => admin.query(write))).rejects.toThrow(/No space left|terminat/);
  // It tries to recover, finds no room for that either, and ends.
  await until(async () => (await loginFailure(adminUrl)) === 'ECONNREFUSED', 'the end of Postgres');
};

const denialReason = whyNoSmallDisk(testServices().runDir);

describe.skipIf(denialReason)(
  `on a disk that is really full${denialReason ? `; left out here: ${denialReason}` : ''}`,
  () => {
    beforeAll(begin);
    afterAll(async () => {
      postgres.disk.free();
      await faults.stop();
    });

    test('nothing is given or ended without its record, whoever asks or clicks is told, and with room all of it works', async () => {
      const { world, story, ask, grant } = faults;
      const live = await ask('ada', '1h');
      const { id } = await grant(live, 'active');
      const approval = await story.ask('rita', 'orders-db read 1h look at the stuck orders');
      await faults.wellAgain();
      await leaveNoRoom();
      const logins = await world.logins();
      expect(logins).toHaveLength(1);

      const refused = await ask('oscar', '1h');
      await story.privately('oscar', WRONG);
      await world.slack.as('olga').click(approval, 'approve');
      await story.privately('olga', WRONG, 'prod-access');
      await world.slack.as('ada').command('/prod-access', `done ${id}`, 'general');
      await story.privately('ada', WRONG);
      expect(await readyz()).toMatchObject({
        status: 503,
        postgres: expect.stringContaining('Postgres takes no writes: its disk is full'),
      });
      expect(await world.sql('select 1 from requests where reason = $1', [refused])).toEqual([]);
      expect(await world.logins()).toEqual(logins);
      expect(await findBroken(world)).toEqual([]);

      postgres.disk.free();
      await world.sql(EMPTY_OUTBOX);
      expect(await readyz()).toEqual({ status: 200, postgres: 'ok' });
      await world.slack.as('olga').click(approval, 'approve');
      const given = await grant('look at the stuck orders', 'active');
      for (const [who, grantId] of Object.entries({ ada: id, rita: given.id }))
        await world.slack.as(who).command('/prod-access', `done ${grantId}`, 'general');
      expect(await grant(live, 'removed')).toMatchObject({ outcome: 'removed' });
      expect(await grant('look at the stuck orders', 'removed')).toMatchObject({ outcome: 'removed' });
      await faults.wellAgain();
      expect(await findLies(world)).toEqual([]);
    });

    test('Postgres breaks down over it: the target refuses at the deadline by itself, and the end follows within a minute of the return', async () => {
      const { world, story, ask, grant } = faults;
      const reason = await ask('ada', '10s');
      await grant(reason, 'active');
      const { url } = await story.credentials('ada');
      const { isCut } = await openSession(url);
      postgres.disk.fill();
      await breakDown();

      await ask('ines', '1h');
      await story.privately('ines', WRONG);
      expect(await readyz()).toMatchObject({ status: 503, postgres: expect.stringContaining('Postgres failed') });
      expect(await loginFailure(url)).toBe('');
      expect(await until(() => loginFailure(url), 'the deadline')).toBe(WRONG_PASSWORD);
      // Nobody took it away: it is the target that holds the deadline.
      const login = [decodeURIComponent(new URL(url).username)];
      expect(await world.targetSql('select 1 from pg_roles where rolname = $1', login)).toHaveLength(1);

      postgres.disk.free();
      await postgres.start();
      const backAt = Date.now();
      expect(await grant(reason, 'removed')).toMatchObject({ outcome: 'removed' });
      expect(Date.now() - backAt).toBeLessThan(RECOVERED_MS);
      await isCut;
      await faults.toldEnd('ada', reason);
      // An alarm that rang in vain while Postgres was away is set again after a minute, which nobody needs to wait for here.
      await letHoldsRunOut(world);
      await faults.wellAgain();
      expect(await findLies(world)).toEqual([]);
    });
  },
);
