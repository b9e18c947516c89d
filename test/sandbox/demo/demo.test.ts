/** The demo as people meet it: one command, one URL, the whole story, and an end that leaves nothing behind. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../sandbox/src/embedded/port.ts';
import { removePostgres } from '../../../sandbox/src/embedded/postgres.ts';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import type { QueryResult, WorldConnection } from '../../../sandbox/src/page-server/protocol.ts';
import { blocksOf } from '../../../sandbox/src/slack/messages.ts';
import { canReadListening, listeningOf } from '../../support/listening.ts';
import { killHard, pidsIn, runDemo, stillRunning } from './demo-process.ts';
import type { DemoProcess } from './demo-process.ts';
import { openPage } from './page-client.ts';
import type { PageWindow } from './page-client.ts';

/** Alone on a machine. On a busy one, as much longer as merely loading the app's code takes longer. */
const SECOND_START_MS = 3_000;
/** The bundle is loaded in a quarter of the time that the files it is made of take. */
const SECOND_START_LOADS = 24;
const APP = fileURLToPath(new URL('../../../dist/bundle/latchkey.js', import.meta.url));

const loadMs = (): number => {
  const startedAt = performance.now();
  spawnSync(process.execPath, ['--input-type=module', '-e', `await import(${JSON.stringify(APP)})`]);
  return performance.now() - startedAt;
};

const folder = (): string => mkdtempSync(path.join(tmpdir(), 'latchkey-demo-'));

const remove = async (dir: string): Promise<void> => {
  await removePostgres(dir);
  rmSync(dir, { recursive: true, force: true });
};

const doneQuests = (page: PageWindow): string[] =>
  page
    .world()
    .quests.filter(({ isDone }) => isDone)
    .map(({ id }) => id);

const loginIn = (url: string): { user: string; password: string } => {
  const { username, password } = new URL(url);
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
};

const shownUrl = (page: PageWindow): string | undefined =>
  /postgresql:\/\/[^\s"`\\|>]+/.exec(JSON.stringify(page.modals()))?.[0];

/** Asks as Ana, approves as Dana, and reads the login from the modal that only Ana sees. The line's last words must be new. */
const borrow = async (ana: PageWindow, dana: PageWindow, line: string): Promise<{ user: string; password: string }> => {
  const earlier = shownUrl(ana);
  await ana.command(line);
  const asked = await dana.message('"approve"', line.split(' ').slice(-2).join(' '));
  await dana.click(asked, 'approve');
  const told = await ana.until(
    () =>
      ana
        .messages()
        .find((message) => message.ts > asked.ts && JSON.stringify(blocksOf(message)).includes('show_credentials')),
    'the message with the button',
  );
  await ana.click(told, 'show_credentials');
  return loginIn(await ana.until(() => shownUrl(ana) !== earlier && shownUrl(ana), 'the credentials'));
};

describe('the story', () => {
  let dir: string;
  let demo: DemoProcess;
  let url: string;
  let ana: PageWindow;
  let dana: PageWindow;
  beforeAll(async () => {
    dir = folder();
    demo = runDemo(dir, '--port', String(await freePort()));
    url = await demo.url();
    [ana, dana] = await Promise.all([openPage(url, 'ana'), openPage(url, 'dana')]);
  }, 180_000);
  afterAll(async () => {
    demo.signal('SIGTERM');
    await demo.exit();
    await remove(dir);
  });

  test('one URL is printed, with what to try first, where the log is, and that it is not for production', async () => {
    expect(demo.output()).toContain('/prod-access orders-db read');
    expect(demo.output()).toContain(path.join(dir, 'latchkey.log'));
    expect(demo.output()).toContain('not for production');
    expect(demo.output().match(/http:\/\//g)).toHaveLength(1);
    expect((await fetch(url)).status).toBe(200);
  });

  test.skipIf(!canReadListening)('every part listens on this machine only', () => {
    const { app, redis, postgres } = pidsIn(dir);
    const sockets = Object.entries({ demo: demo.pid, app, redis, postgres }).flatMap(([part, pid]) =>
      listeningOf(pid).map((socket) => ({ part, ...socket })),
    );
    expect(new Set(sockets.map(({ part }) => part))).toEqual(new Set(['demo', 'app', 'redis', 'postgres']));
    expect(sockets.filter(({ isLoopback }) => !isLoopback)).toEqual([]);
  });

  test('everybody the story needs is there', () => {
    const names = ana.hello.people.filter(({ isBot }) => !isBot).map(({ name, title }) => `${name}: ${title}`);
    expect(names).toEqual(
      expect.arrayContaining([
        'ana: Engineer',
        'dana: Database owner',
        'omar: SRE',
        'kim: On call',
        'sam: Security',
        'ada: Auditor',
      ]),
    );
    expect(ana.hello.channels.map(({ name }) => name)).toEqual(expect.arrayContaining(['general', 'prod-access']));
    expect(ana.world().quests.length).toBeGreaterThan(5);
  });

  test('a read is asked for, approved, used, refused a write, cut at its end, and gone; and each step is ticked', async () => {
    const login = await borrow(ana, dana, 'orders-db read 5m look at order 1183');
    const prompt = await ana.act<WorldConnection>({ act: 'world_connect', ...login });
    const ask = (sql: string): Promise<QueryResult> =>
      ana.act<QueryResult>({ act: 'world_query', connectionId: prompt.id, sql });
    expect(await ask('select id, status, payment from stuck_orders')).toMatchObject({
      ok: true,
      columns: ['id', 'status', 'payment'],
      rows: [['1183', 'pending', 'captured']],
    });
    expect(await ask("update orders set status = 'paid' where id = 1183")).toMatchObject({ ok: false, code: '42501' });
    const state = await ana.until(() => {
      const seen = ana.world().state;
      return seen !== null && seen.sessions.length > 0 && seen;
    }, 'the session in the panel');
    const { grants, logins, sessions } = state;
    expect(grants).toMatchObject([{ person: 'Ana Kovač', target: 'orders-db', role: 'read', state: 'active' }]);
    expect(logins).toContainEqual(
      expect.objectContaining({ role: login.user, memberOf: ['app_read'], canLogIn: true, person: 'Ana Kovač' }),
    );
    expect(sessions).toMatchObject([{ role: login.user }]);

    await ana.act({ act: 'world_end_soon', grantId: grants[0]?.id ?? '', inMs: 1_500 });
    await ana.until(() => ana.world().state?.grants.length === 0, 'the grant to be gone from the panel');
    expect(await ask('select 1')).toMatchObject({ ok: false, isCut: true });
    await expect(ana.act({ act: 'world_connect', ...login })).rejects.toThrow(/refused the login/);
    await ana.until(() => doneQuests(ana).includes('login-gone'), 'the last tick');
    expect(doneQuests(ana)).toEqual([
      'ask',
      'approve',
      'credentials',
      'log-in',
      'write-refused',
      'session-cut',
      'login-gone',
    ]);
  });

  test('a prompt shows at most 200 rows, says how many there are, and is stopped after five seconds', async () => {
    const login = await borrow(ana, dana, 'orders-db read 5m count all customers');
    const { id: connectionId } = await ana.act<WorldConnection>({ act: 'world_connect', ...login });
    const ask = (sql: string): Promise<QueryResult> => ana.act<QueryResult>({ act: 'world_query', connectionId, sql });
    const all = await ask('select * from orders');
    expect(all).toMatchObject({ ok: true, rowCount: 2400 });
    expect(all.ok && all.rows).toHaveLength(200);
    expect(await ask('select pg_sleep(20)')).toMatchObject({ ok: false, code: '57014', isCut: false });
    await ana.act({ act: 'world_disconnect', connectionId });
    const opened = await Promise.all(
      [1, 2, 3, 4, 5].map(() => ana.act<WorldConnection>({ act: 'world_connect', ...login })),
    );
    await expect(ana.act({ act: 'world_connect', ...login })).rejects.toThrow('Close one first');
    await Promise.all(opened.map((one) => ana.act({ act: 'world_disconnect', connectionId: one.id })));
  });

  test('a login for the other target gets into the other database, after its own owner has agreed', async () => {
    const fiona = await openPage(url, 'fiona');
    const login = await borrow(ana, fiona, 'billing-db read 5m compare last invoices');
    const { id: connectionId } = await ana.act<WorldConnection>({ act: 'world_connect', ...login });
    const sql = 'select current_database(), count(*) from invoices';
    expect(await ana.act({ act: 'world_query', connectionId, sql })).toMatchObject({ rows: [['billing', '600']] });
    await ana.act({ act: 'world_disconnect', connectionId });
    fiona.close();
  });

  test('a second start in the same folder says where the first one is, and leaves it alone', async () => {
    const second = runDemo(dir);
    expect(await second.exit()).toBe(0);
    expect(second.output()).toContain(url);
    expect((await fetch(url)).status).toBe(200);
  });

  test('an app that is killed is reported with its log, and comes back by itself', async () => {
    killHard(pidsIn(dir).app);
    await demo.says('The app ended (SIGKILL)');
    await demo.says('The app is back.');
    await ana.command('orders-db read 5m after the restart');
    const asked = await dana.message('"approve"', 'after the restart');
    expect(asked).toMatchObject({ channel: dana.channel('prod-access'), isFromApp: true });
  });

  test('a Postgres and a Redis that are killed are started again, and the story goes on', async () => {
    const { postgres, redis } = pidsIn(dir);
    killHard(postgres);
    killHard(redis);
    await demo.says('Postgres ended. Starting it again');
    await demo.says('Redis ended. Starting it again');
    await ana.until(() => pidsIn(dir).redis !== redis && pidsIn(dir).postgres !== postgres, 'both to be back');
    await ana.until(() => ana.world().trouble === null, 'the panel to see Postgres again');
    const login = await borrow(ana, dana, 'orders-db read 5m servers came back');
    const prompt = await ana.act<WorldConnection>({ act: 'world_connect', ...login });
    expect(prompt.user).toBe(login.user);
    expect(doneQuests(ana)).toContain('session-cut');
  });
});

/** Each test takes the demo over as the one before left it. */
describe('starting again', () => {
  let dir: string;
  let demo: DemoProcess;
  let port: number;
  const start = async (...args: string[]): Promise<string> => {
    demo = runDemo(dir, '--port', String(port), ...args);
    return await demo.url();
  };
  beforeAll(async () => {
    dir = folder();
    port = await freePort();
  });
  afterAll(async () => {
    demo.signal('SIGTERM');
    await demo.exit();
    await remove(dir);
  });

  test('Ctrl-C stops everything; the next start is quick and has everything as it was', async () => {
    const url = await start();
    const [ana, dana] = await Promise.all([openPage(url, 'ana'), openPage(url, 'dana')]);
    await borrow(ana, dana, 'orders-db read 1h look at payments');
    await ana.until(() => ana.world().state?.grants.length === 1, 'the grant');
    const pids = pidsIn(dir);
    expect(stillRunning(pids)).toEqual(['app', 'redis', 'postgres']);
    // As npm does it: the terminal's signal, and the same one passed on.
    demo.signal('SIGINT');
    demo.signal('SIGINT');
    expect(await demo.exit()).toBe(0);
    expect(demo.output()).toContain('Stopped.');
    expect(stillRunning(pids)).toEqual([]);

    const again = await openPage(await start(), 'ana');
    const readyMs = Number(/ready in ([\d.]+) s/.exec(demo.output())?.[1]) * 1_000;
    expect(readyMs).toBeLessThan(Math.max(SECOND_START_MS, loadMs() * SECOND_START_LOADS));
    expect(again.messages().filter((one) => JSON.stringify(one).includes('look at payments'))).not.toEqual([]);
    await again.until(() => again.world().state?.grants.length === 1, 'the grant of before');
    expect(doneQuests(again)).toContain('credentials');
    await again.command('done');
    await again.until(() => again.world().state?.grants.length === 0, 'the grant of before to be given back');
  }, 180_000);

  test('after kill -9 of the demo the next start ends the app that was left, and takes the servers over', async () => {
    const left = pidsIn(dir);
    demo.signal('SIGKILL');
    await demo.exit();
    expect(stillRunning(left)).toEqual(['app', 'redis', 'postgres']);
    const url = await start();
    expect((await fetch(url)).status).toBe(200);
    expect(stillRunning(left)).toEqual(['redis', 'postgres']);
    expect(pidsIn(dir)).toMatchObject({ redis: left.redis, postgres: left.postgres });
  }, 180_000);

  test('after kill -9 of every part the next start works', async () => {
    const left = pidsIn(dir);
    demo.signal('SIGKILL');
    await demo.exit();
    for (const pid of Object.values(left)) killHard(pid);
    await waitUntil(() => stillRunning(left).length === 0, { timeoutMs: 60_000, what: 'the killed parts to be gone' });
    const ana = await openPage(await start(), 'ana');
    expect(doneQuests(ana)).toContain('approve');
    await ana.command('orders-db read 5m everything was killed');
    const asked = await ana.message('"approve"', 'everything was killed');
    expect(asked).toMatchObject({ channel: ana.channel('prod-access') });
  }, 180_000);

  test('--fresh starts over', async () => {
    const pids = pidsIn(dir);
    demo.signal('SIGTERM');
    expect(await demo.exit()).toBe(0);
    expect(stillRunning(pids)).toEqual([]);
    const before = readFileSync(path.join(dir, 'settings.json'), 'utf8');
    const ana = await openPage(await start('--fresh'), 'ana');
    expect(doneQuests(ana)).toEqual([]);
    expect(ana.messages().filter(({ isFromApp }) => isFromApp)).toEqual([]);
    expect(readFileSync(path.join(dir, 'settings.json'), 'utf8')).not.toBe(before);
  }, 180_000);
});

describe('in the middle of a start', () => {
  test('another start says so, Ctrl-C stops what is there, and nothing is left running', async () => {
    const dir = folder();
    const demo = runDemo(dir, '--port', String(await freePort()));
    await waitUntil(() => pidsIn(dir).redis > 0, { timeoutMs: 120_000, what: 'the first part to run' });
    const second = runDemo(dir);
    expect(await second.exit()).toBe(0);
    expect(second.output()).toMatch(/The demo runs already (and is just starting|at http)/);
    demo.signal('SIGINT');
    expect(await demo.exit()).toBe(0);
    expect(demo.output()).toContain('Stopped.');
    expect(stillRunning(pidsIn(dir))).toEqual([]);
    await remove(dir);
  }, 180_000);
});

describe('being used wrongly', () => {
  test('a port that is none is said in a sentence', async () => {
    const dir = folder();
    const none = runDemo(dir, '--port', 'x');
    expect(await none.exit()).toBe(1);
    expect(none.output()).toContain('--port must be a number');
    rmSync(dir, { recursive: true, force: true });
  });
});
