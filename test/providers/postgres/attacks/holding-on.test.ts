/** A borrower who keeps a session out of sight, or the login's own entry busy, while the access ends. */
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../../../sandbox/src/embedded/wait.ts';
import { SERVERS } from '../servers.ts';
import { enter, urlFor, valueOf } from '../target.ts';
import { createRig, sessionAt, type Rig } from './rig.ts';

const ON_ITS_WAY = `
  select from pg_locks l left join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'object' and l.classid = 'pg_database'::regclass and a.usesysid is null`;

const CHANGES = `
  do $$ begin
    for i in 1..100 loop
      begin alter role current_user password null; exception when internal_error then null; end;
      commit;
    end loop;
  end $$`;

/** "Tuple concurrently updated", and a COMMIT that came in between. */
const ignoringCollision = (error: { code?: string }): void => {
  if (error.code !== 'XX000') throw error as Error;
};

describe.each(SERVERS)('holding on to $title', ({ start }) => {
  let rig: Rig;

  beforeAll(async () => {
    const server = await start();
    rig = await createRig(server.adminUrl, server.makers);
  });
  afterAll(async () => await rig.tearDown());

  test('a session that sleeps after its password and before it is listed is ended too', async () => {
    const { access, end } = await rig.borrow();
    const hidden = new pg.Client({ connectionString: valueOf(access.secret, 'URL'), options: '-c post_auth_delay=6' });
    hidden.on('error', () => undefined);
    // Signals of the server can wake it early: then it is one like any other.
    let isIn = false;
    const opened = hidden.connect().then(
      () => (isIn = true),
      () => undefined,
    );
    const isOnItsWay = async (): Promise<boolean> => (await rig.target.sql(ON_ITS_WAY)).length > 0;
    await waitUntil(async () => isIn || (await isOnItsWay()), { timeoutMs: 60_000, what: 'the session to sleep' });
    expect(await end()).toBe('removed');
    // The driver never answers a query on a connection that was refused.
    const use = async () => ((await opened) ? hidden.query('select from orders') : Promise.reject(new Error('not in')));
    await expect(use()).rejects.toBeInstanceOf(Error);
  });

  test('a session that waits for a lock on its database is ended too', async () => {
    const { access, end } = await rig.borrow();
    const { database } = await rig.target.beside();
    const holder = await sessionAt(urlFor(rig.target.superuserUrl, { database: 'postgres' }));
    await holder.query(`begin; alter database ${database} rename to ${database}_2`);
    const outcome = enter(access.secret, { database }).then(
      () => 'in',
      () => 'cut',
    );
    await waitUntil(async () => (await rig.target.sql(ON_ITS_WAY)).length > 0, {
      timeoutMs: 60_000,
      what: 'the session to wait',
    });
    expect(await end()).toBe('removed');
    await holder.query('rollback');
    await holder.leave();
    expect(await outcome).toBe('cut');
  });

  /** Five sessions that do nothing but change their own login; they come back while the server lets them. */
  const churn = async (url: string, isOver: () => boolean): Promise<void> => {
    while (!isOver()) {
      try {
        const session = await sessionAt(url);
        await session.query('set role none');
        while (!isOver() && !session.isCut()) await session.query(CHANGES).catch(ignoringCollision);
        await session.leave();
      } catch {
        await setTimeout(2);
      }
    }
  };

  test('sessions that change the login again and again do not hold up the end', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { access, end } = await rig.borrow();
      let isOver = false;
      const url = valueOf(access.secret, 'URL');
      const churning = Array.from({ length: 5 }, async () => await churn(url, () => isOver));
      await setTimeout(200);
      try {
        expect(await end()).toBe('removed');
      } finally {
        isOver = true;
        await end();
        await Promise.all(churning);
      }
    }
  });

  test("sessions of another borrower that change the group again and again do not hold up anybody's end", async () => {
    const other = await rig.borrow();
    const { end } = await rig.borrow();
    let isOver = false;
    const url = valueOf(other.access.secret, 'URL');
    const churnGroup = async (): Promise<void> => {
      const session = await sessionAt(url);
      while (!isOver && !session.isCut()) await session.query(CHANGES).catch(ignoringCollision);
    };
    const churning = Array.from({ length: 5 }, async () => await churnGroup().catch(() => undefined));
    await setTimeout(200);
    try {
      expect(await end()).toBe('removed');
    } finally {
      isOver = true;
      await Promise.all(churning);
      await other.end();
    }
  });
});
