/** The end in a real server: sessions in every state, its own deadline, what somebody did by hand, and what was left half done. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import type { Json } from '../../../src/domain/json.ts';
import { mysql as provider } from '../../../src/providers/mysql/mysql.ts';
import type { Connection, Granted } from '../../../src/providers/provider.ts';
import { beforeItsDeadline, connectTo, contextOf, failureOf } from '../connection.ts';
import { ownServer } from './servers.ts';
import { configOf, createTarget, enter, scopeOf, type Session, type Target } from './target.ts';

let target: Target;
let connection: Connection<Json, Json>;
beforeAll(async () => {
  target = await createTarget();
  connection = connectTo(provider, configOf(target));
});
afterAll(async () => {
  await connection.disconnect();
  await target.drop();
});

const scope = (): Json => scopeOf(target.write);
const userOf = ({ handle }: Granted<Json>): string => (handle as { user: string }).user;
const isCut = async (session: Session): Promise<void> =>
  await waitUntil(session.isCut, { timeoutMs: 60_000, what: 'the session to be cut' });
const eventOf = async (grantId: string) =>
  (
    await target.sql<{ status: string; at: Date; body: string }>(
      `select STATUS as status, EXECUTE_AT as at, EVENT_DEFINITION as body from information_schema.EVENTS where EVENT_NAME = 'lk_${grantId}'`,
    )
  )[0];

describe('an open session is cut', () => {
  const STATES: [string, (session: Session, lock: string) => Promise<unknown>][] = [
    ['idle', async () => undefined],
    ['in a transaction', async (session) => await session.query('START TRANSACTION')],
    ['busy', async (session) => await session.query('SELECT BENCHMARK(2000000000, MD5(1))')],
    ['asleep', async (session) => await session.query('SELECT SLEEP(60)')],
    ['waiting for a user-level lock', async (session, lock) => await session.query(`SELECT GET_LOCK('${lock}', 60)`)],
    ['waiting for a row', async (session) => await session.query(`UPDATE orders SET note = 'mine' WHERE id = 2`)],
  ];

  test.each(STATES)('when it is %s', async (_what, begin) => {
    const ctx = contextOf();
    const access = await connection.grant(scope(), ctx);
    const holder = await enter((await connection.grant(scope(), { ...ctx, grantId: contextOf().grantId })).secret);
    await holder.query(`SELECT GET_LOCK('${ctx.grantId}', 0)`);
    await holder.query('START TRANSACTION');
    await holder.query(`SELECT * FROM orders WHERE id = 2 FOR UPDATE`);
    const session = await enter(access.secret);
    const running = begin(session, ctx.grantId).catch(() => undefined);
    await delay(50);
    expect(await connection.revoke(scope(), access.handle, ctx)).toBe('removed');
    await isCut(session);
    await running;
    await holder.leave();
  });

  test('also where somebody dropped the login by hand: its sessions are found by name', async () => {
    const ctx = contextOf();
    const access = await connection.grant(scope(), ctx);
    const session = await enter(access.secret);
    await target.sql(`DROP USER '${userOf(access)}'@'%'`);
    expect(await session.query('SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
    expect(await connection.check(scope(), access.handle, ctx)).toBe('present');
    expect(await connection.revoke(scope(), access.handle, ctx)).toBe('removed');
    await isCut(session);
    expect(await eventOf(ctx.grantId)).toBeUndefined();
  });
});

describe("the server's own deadline", () => {
  test('is an enabled event whose text names the login, at the first whole second from the deadline on', async () => {
    const ctx = contextOf({ lastsMs: 60_000 });
    const access = await connection.grant(scope(), ctx);
    const event = await eventOf(ctx.grantId);
    expect(event).toMatchObject({ status: 'ENABLED' });
    expect(event?.body).toContain(userOf(access));
    const lateMs = (event?.at.getTime() ?? 0) - ctx.expiresAt.getTime();
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(1_000);
    const later = { ...ctx, expiresAt: new Date(ctx.expiresAt.getTime() + 600_500) };
    await connection.extend?.(scope(), access.handle, later);
    const moved = (await eventOf(ctx.grantId))?.at.getTime() ?? 0;
    expect(moved - later.expiresAt.getTime()).toBeGreaterThanOrEqual(0);
    expect(moved - later.expiresAt.getTime()).toBeLessThan(1_000);
    await connection.revoke(scope(), access.handle, ctx);
    expect(await eventOf(ctx.grantId)).toBeUndefined();
  });

  test('cuts the open session by itself', async () => {
    const { ctx, done } = await beforeItsDeadline(async (soon) => {
      const made = await connection.grant(scope(), soon);
      return { access: made, session: await enter(made.secret) };
    });
    const { access, session } = done;
    await waitUntil(session.isCut, { timeoutMs: 60_000, what: 'the event to cut the session' });
    expect(Date.now()).toBeGreaterThanOrEqual(ctx.expiresAt.getTime());
    await expect(enter(access.secret)).rejects.toMatchObject({ errno: 4151 });
    await connection.revoke(scope(), access.handle, ctx);
  });

  test('is kept by a server that was killed before it and started after it', async () => {
    const server = await ownServer(['event_scheduler=ON']);
    const own = await createTarget(server.url);
    const apart = connectTo(provider, configOf(own));
    const { ctx, done: access } = await beforeItsDeadline((soon) => apart.grant(scopeOf(own.read), soon));
    await server.kill();
    await waitUntil(() => Date.now() > ctx.expiresAt.getTime() + 1_000, { timeoutMs: 60_000, what: 'the deadline' });
    await server.start();
    const isLocked = async (): Promise<boolean> => {
      const [attempt] = await Promise.allSettled([enter(access.secret)]);
      if (attempt.status === 'fulfilled') await attempt.value.leave();
      return attempt.status === 'rejected' && (attempt.reason as { errno?: number }).errno === 4151;
    };
    await waitUntil(isLocked, { timeoutMs: 60_000, what: 'the login to be locked' });
    await apart.revoke(scopeOf(own.read), access.handle, ctx);
    await apart.disconnect();
    await server.stop();
  });

  test('is missing where the server runs no events: doctor warns, and approvers read who ends it', async () => {
    const server = await ownServer();
    const own = await createTarget(server.url);
    await own.sql('SET GLOBAL event_scheduler = OFF');
    const apart = connectTo(provider, configOf(own));
    const findings = await apart.preflight?.({ read: scopeOf(own.read) }, contextOf());
    expect(findings).toEqual([expect.objectContaining({ level: 'warning', code: 'events_off' })]);
    expect(apart.guarantee(scopeOf(own.read)).endsBy).toBe('revoke');
    await apart.disconnect();
    await own.drop();
    await server.stop();
  });
});

describe('what somebody did by hand', () => {
  type Change = (user: string, grantId: string) => string;
  const CHANGES: [string, 'closed' | 'deadline' | 'wider' | 'narrower', Change][] = [
    ['it was locked', 'closed', (user) => `ALTER USER '${user}'@'%' ACCOUNT LOCK`],
    ['its event was moved', 'deadline', (_u, id) => `ALTER EVENT latchkey.lk_${id} ON SCHEDULE AT '2037-01-01'`],
    ['its event was turned off', 'deadline', (_u, id) => `ALTER EVENT latchkey.lk_${id} DISABLE`],
    ['it got a right on everything', 'wider', (user) => `GRANT PROCESS ON *.* TO '${user}'@'%'`],
    ['it got a right on a database', 'wider', (user) => `GRANT CREATE ON ${target.database}.* TO '${user}'@'%'`],
    ['it got a right on a table', 'wider', (user) => `GRANT TRIGGER ON ${target.database}.orders TO '${user}'@'%'`],
    ['it got another role', 'wider', (user) => `GRANT ${target.read} TO '${user}'@'%'`],
    ['it may have any number of sessions', 'wider', (user) => `ALTER USER '${user}'@'%' WITH MAX_USER_CONNECTIONS 0`],
    ['it may run for longer', 'wider', (user) => `ALTER USER '${user}'@'%' WITH MAX_STATEMENT_TIME 600`],
    [
      'it may ask more',
      'wider',
      (user) => `ALTER USER '${user}'@'%' WITH MAX_QUERIES_PER_HOUR 9 MAX_UPDATES_PER_HOUR 9`,
    ],
    ['it may come more often', 'wider', (user) => `ALTER USER '${user}'@'%' WITH MAX_CONNECTIONS_PER_HOUR 9`],
    ['it lost its role', 'narrower', (user) => `REVOKE ${target.write} FROM '${user}'@'%'`],
  ];

  /** What was shut stays shut, and what somebody took away is theirs to give back. */
  const AFTER = {
    closed: { restored: 'rejected', after: ['closed'] },
    deadline: { restored: 'fulfilled', after: [] },
    wider: { restored: 'fulfilled', after: [] },
    narrower: { restored: 'fulfilled', after: ['narrower'] },
  };

  test.each(CHANGES)('is found, and put back where it must be: %s', async (_what, kind, change) => {
    const ctx = contextOf();
    const access = await connection.grant(scope(), ctx);
    const found = async () => (await connection.listOurs?.(ctx))?.find(({ grantId }) => grantId === ctx.grantId);
    const differ = async () => {
      const ours = await found();
      return ours ? connection.differences?.(scope(), ours, ctx.expiresAt) : undefined;
    };
    expect(await differ()).toEqual([]);
    await target.sql(change(userOf(access), ctx.grantId));
    expect(await differ()).toEqual([{ kind, message: expect.any(String) as string }]);
    const restored = await Promise.allSettled([connection.restore?.(scope(), ctx)]);
    expect({ restored: restored[0].status, after: (await differ())?.map((one) => one.kind) }).toEqual(AFTER[kind]);
    expect(await connection.revoke(scope(), access.handle, ctx)).toBe('removed');
  });

  test('a login without its event is no login of Latchkey, unless it is remembered', async () => {
    const ctx = contextOf();
    const access = await connection.grant(scope(), ctx);
    await target.sql(`DROP EVENT latchkey.lk_${ctx.grantId}`);
    const alike = (await connection.listLookalikes?.({}, ctx))?.map(({ name }) => name);
    expect(alike).toContain(`'${userOf(access)}'@'%'`);
    expect((await failureOf(connection.revoke(scope(), undefined, ctx))).kind).toBe('denied');
    expect(await connection.revoke(scope(), access.handle, ctx)).toBe('removed');
  });

  test("somebody else's account with our name is reported and never touched", async () => {
    const ctx = contextOf();
    const name = `lk_${ctx.grantId}_somebody`;
    await target.sql(`CREATE USER '${name}'@'%' IDENTIFIED BY 'theirs'`);
    expect((await connection.listLookalikes?.({}, ctx))?.map((one) => one.name)).toContain(`'${name}'@'%'`);
    expect((await connection.listOurs?.(ctx))?.map(({ grantId }) => grantId)).not.toContain(ctx.grantId);
    expect((await failureOf(connection.grant(scope(), ctx))).kind).toBe('denied');
    expect((await failureOf(connection.revoke(scope(), undefined, ctx))).kind).toBe('denied');
    expect(await target.sql(`SELECT user FROM mysql.user WHERE user = '${name}'`)).toHaveLength(1);
    await target.sql(`DROP USER '${name}'@'%'`);
  });

  test('the statements for ending it by hand end it', async () => {
    const ctx = contextOf();
    const access = await connection.grant(scope(), ctx);
    const session = await enter(access.secret);
    const { statements = [], enforcedBy } = connection.manual?.(scope(), access.handle, ctx) ?? {};
    expect(enforcedBy).toBe('its event');
    for (const statement of statements) await target.sql(statement);
    await isCut(session);
    expect(await connection.check(scope(), access.handle, ctx)).toBe('absent');
    expect(await connection.revoke(scope(), access.handle, ctx)).toBe('already_absent');
  });
});
