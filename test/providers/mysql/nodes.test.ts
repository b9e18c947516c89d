/** A primary and a replica, by real replication: what an end does and says while a node is late or down. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { MariaDb } from '../../../sandbox/src/embedded/mariadb.ts';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import type { Json } from '../../../src/domain/json.ts';
import { mysql as provider } from '../../../src/providers/mysql/mysql.ts';
import type { Connection, Granted, ProviderContext, Secret } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
import { shortenWaits } from '../../support/short-waits.ts';
import { ownServer } from './servers.ts';
import { adminConnection, configOf, createTarget, enter, scopeOf, type Session, type Target } from './target.ts';

shortenWaits(10);

const closing: (() => Promise<unknown>)[] = [];
let primary: MariaDb;
let replica: MariaDb;
let target: Target;
let connection: Connection<Json, Json>;
const scope = (): Json => scopeOf(target.write);

const positionOf = async ({ url }: MariaDb): Promise<string> => {
  const admin = await adminConnection(url);
  const [rows] = await admin.query('select @@gtid_binlog_pos as position');
  await admin.end();
  return (rows as { position: string }[])[0]?.position ?? '';
};

const onReplica = async (text: string): Promise<void> => {
  const admin = await adminConnection(replica.url);
  await admin.query(text);
  await admin.end();
};

const caughtUp = async (): Promise<void> => {
  const position = await positionOf(primary);
  await onReplica(`SELECT MASTER_GTID_WAIT('${position}', 60)`);
};

/** From here on: what made the primary's own tables is not in it. */
const follow = async (): Promise<void> => {
  const position = await positionOf(primary);
  const { username, password, port } = new URL(primary.url);
  await onReplica(
    `SET GLOBAL gtid_slave_pos = '${position}';
     CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${port}, MASTER_USER = '${username}',
       MASTER_PASSWORD = '${password}', MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos;
     START SLAVE`,
  );
};

/** A session there, as soon as the login has arrived. */
const enterReplica = async (secret: Secret | undefined): Promise<Session> => {
  let session: Session | undefined;
  await waitUntil(
    async () => {
      session = await enter(secret, { port: replica.port }).catch(() => undefined);
      return session !== undefined;
    },
    { timeoutMs: 60_000, what: 'the login to be on the replica' },
  );
  if (!session) throw new Error('waited for');
  return session;
};

/** As the app does: again until it is whole. */
const ended = async (access: Granted<Json>, ctx: ProviderContext): Promise<void> =>
  await waitUntil(
    async () => {
      const [outcome] = await Promise.allSettled([connection.revoke(scope(), access.handle, ctx)]);
      if (outcome.status === 'fulfilled') return true;
      expect(outcome.reason).toMatchObject({ kind: 'unavailable' });
      return false;
    },
    { timeoutMs: 60_000, what: 'the end to be whole' },
  );

const isCut = async (session: Session): Promise<void> =>
  await waitUntil(session.isCut, { timeoutMs: 60_000, what: 'the session to be cut' });

beforeAll(async () => {
  [primary, replica] = await Promise.all([
    ownServer(['log-bin=bin', 'server-id=1']),
    // What it had from the primary is still there after a kill.
    ownServer(['server-id=2', 'read-only=1', 'relay-log-recovery=1', 'innodb-flush-log-at-trx-commit=1']),
  ]);
  closing.push(primary.stop, replica.stop);
  await follow();
  target = await createTarget(primary.url);
  const config = configOf(target, { nodes: [`127.0.0.1:${replica.port}`] });
  connection = connectTo(provider, config, { maxAttempts: 1 });
});
afterEach(async () => await onReplica('START SLAVE'));
afterAll(async () => {
  await connection.disconnect();
  await target.drop();
  await Promise.all(closing.map(async (close) => await close()));
});

test('a session on the replica is cut, and the login is gone there, too', async () => {
  const ctx = contextOf();
  const access = await connection.grant(scope(), ctx);
  const session = await enterReplica(access.secret);
  await ended(access, ctx);
  await isCut(session);
  await expect(enter(access.secret, { port: replica.port })).rejects.toBeInstanceOf(Error);
});

test('a replica that is late is never said to be closed, and sessions are cut at once on both', async () => {
  const ctx = contextOf();
  const access = await connection.grant(scope(), ctx);
  const sessions = [await enter(access.secret), await enterReplica(access.secret)];
  await onReplica('STOP SLAVE');
  for (let time = 0; time < 2; time += 1) {
    const failure = await failureOf(connection.close(scope(), access.handle, ctx));
    expect(failure).toMatchObject({ kind: 'unavailable' });
    expect(failure.message).toContain('on each node that the login is locked');
    await Promise.all(sessions.map(isCut));
  }
  const late = await enter(access.secret, { port: replica.port });
  await onReplica('START SLAVE');
  await caughtUp();
  expect(await connection.close(scope(), access.handle, ctx)).toBe('closed');
  await isCut(late);
  await ended(access, ctx);
});

test('a replica that is late is never said to be rid of the login', async () => {
  const ctx = contextOf();
  const access = await connection.grant(scope(), ctx);
  await (await enterReplica(access.secret)).leave();
  await onReplica('STOP SLAVE');
  await target.sql(`DROP USER '${(access.handle as { user: string }).user}'@'%'`);
  for (let time = 0; time < 2; time += 1)
    expect((await failureOf(connection.revoke(scope(), access.handle, ctx))).message).toContain('is locked');
  expect(await connection.check(scope(), access.handle, ctx)).toBe('present');
  await onReplica('START SLAVE');
  await caughtUp();
  expect(await connection.revoke(scope(), access.handle, ctx)).toBe('already_absent');
  expect(await connection.check(scope(), access.handle, ctx)).toBe('absent');
});

test('half the nodes are down: the end names them, is done on the other half at once, and is whole when they are back', async () => {
  const ctx = contextOf();
  const access = await connection.grant(scope(), ctx);
  const session = await enter(access.secret);
  await (await enterReplica(access.secret)).leave();
  await replica.kill();
  const failure = await failureOf(connection.revoke(scope(), access.handle, ctx));
  expect(failure).toMatchObject({ kind: 'unavailable' });
  expect(failure.message).toContain(`127.0.0.1:${replica.port}`);
  await isCut(session);
  await expect(enter(access.secret)).rejects.toBeInstanceOf(Error);
  await replica.start();
  await ended(access, ctx);
  await expect(enter(access.secret, { port: replica.port })).rejects.toBeInstanceOf(Error);
});
