/** The hosts of the demo beside Postgres: requested, approved, entered for real, cut, gone, and stopped with the demo. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openQuestLog } from '../../../sandbox/src/demo/quest-log.ts';
import { freePort, isPortOpen } from '../../../sandbox/src/embedded/port.ts';
import { whyNoMariaDb } from '../../../sandbox/src/embedded/mariadb.ts';
import { removePostgres } from '../../../sandbox/src/embedded/postgres.ts';
import { isRunning } from '../../../sandbox/src/embedded/process.ts';
import { whyNoWeb } from '../../../sandbox/src/demo/hosts/web.ts';
import type { QueryResult, WorldConnection } from '../../../sandbox/src/page-server/protocol.ts';
import { credentialsIn } from '../../../sandbox/src/page/world/credentials.ts';
import { blocksOf } from '../../../sandbox/src/slack/messages.ts';
import { runDemo } from './demo-process.ts';
import type { DemoProcess } from './demo-process.ts';
import { openPage } from './page-client.ts';
import type { PageWindow } from './page-client.ts';

type Login = { user: string; password: string };

type Host = {
  quest: string;
  target: string;
  role: string;
  approver: string;
  title: string;
  read: string;
  shows: string;
  /** What its role may not do, and how that is answered. */
  refused: string;
  refusal: Partial<Extract<QueryResult, { ok: false }>>;
  why: string | null;
};

const HOSTS: readonly Host[] = [
  {
    quest: 'mariadb',
    target: 'loyalty-db',
    role: 'read',
    approver: 'dana',
    title: 'MariaDB',
    read: 'select order_id, state from points where order_id = 1183',
    shows: 'waiting',
    refused: "update points set state = 'credited' where order_id = 1183",
    refusal: { isDenied: true },
    why: whyNoMariaDb(),
  },
  {
    quest: 'redis',
    target: 'cache',
    role: 'read',
    approver: 'dana',
    title: 'Redis',
    read: 'GET session:1183',
    shows: 'payment',
    refused: 'SET session:1183 gone',
    refusal: { isDenied: true, code: 'NOPERM' },
    why: null,
  },
  {
    quest: 'ssh',
    target: 'web',
    role: 'shell',
    approver: 'omar',
    title: 'SSH',
    read: 'cat /srv/app/checkout.log',
    shows: 'shipping queue is full',
    refused: 'cat /etc/shadow',
    refusal: { code: 'exit 1' },
    why: whyNoWeb(),
  },
];

const possible = HOSTS.filter(({ why }) => why === null);

let dir: string;
let port: number;
let demo: DemoProcess;
let url: string;

const start = async (): Promise<void> => {
  demo = runDemo(dir, '--port', String(port));
  url = await demo.url();
};

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'latchkey-demo-'));
  port = await freePort();
  await start();
  await demo.says('Also there now');
}, 240_000);
afterAll(async () => {
  demo.signal('SIGTERM');
  await demo.exit();
  await removePostgres(dir);
  rmSync(dir, { recursive: true, force: true });
});

const hintOf = (page: PageWindow, id: string): string =>
  page.world().quests.find((quest) => quest.id === id)?.hint ?? '';

/** As the page takes them over from the modal. */
const shown = (page: PageWindow): Login | undefined => page.modals().map(credentialsIn).find(Boolean);

const giveKey = async (page: PageWindow): Promise<void> => {
  const [, line = ''] = /paste `([^`]+)`/.exec(hintOf(page, 'ssh')) ?? [];
  const found = await page.until(() => {
    const form = page.modals().at(-1);
    const input = form?.blocks.find((block) => JSON.stringify(block).includes('"public_key"'));
    return form && input && { form, blockId: String(input.block_id) };
  }, 'the form for the key');
  const { form, blockId } = found;
  const at = { place: { is: 'modal' as const, viewId: form.id }, blockId };
  await page.act({ act: 'write', ...at, actionId: 'public_key', text: line, isEnter: false });
  await page.act({ act: 'submit', viewId: form.id });
};

const borrow = async (ana: PageWindow, { target, role, approver, why }: Host): Promise<Login> => {
  expect(why).toBeNull();
  const owner = await openPage(url, approver);
  await ana.command(`${target} ${role} 5m look into ${target}`);
  const card = await owner.message('"approve"', `look into ${target}`);
  await owner.click(card, 'approve');
  owner.close();
  const has = (text: string): boolean => text.includes('show_credentials');
  const told = await ana.until(
    () => ana.messages().find((one) => one.ts > card.ts && has(JSON.stringify(blocksOf(one)))),
    'the message with the button',
  );
  await ana.click(told, 'show_credentials');
  if (target === 'web') await giveKey(ana);
  return await ana.until(() => shown(ana), 'the credentials');
};

const close = async (page: PageWindow): Promise<void> => {
  for (const { id } of page.modals()) await page.act({ act: 'close', viewId: id });
};

describe.each(possible)('$title', (host) => {
  test('requested, approved, entered for real, cut at the end, and gone', async () => {
    const ana = await openPage(url, 'ana');
    const login = await borrow(ana, host);
    await close(ana);
    const { id, server } = await ana.act<WorldConnection>({ act: 'world_connect', ...login });
    expect(server).toBe(host.title);
    const ask = (sql: string): Promise<QueryResult> =>
      ana.act<QueryResult>({ act: 'world_query', connectionId: id, sql });
    const answer = await ask(host.read);
    expect(JSON.stringify(answer)).toContain(host.shows);
    expect(answer.ok).toBe(true);
    expect(await ask(host.refused)).toMatchObject({ ok: false, isCut: false, ...host.refusal });
    await ana.until(
      () => ana.world().state?.logins.some(({ role, server: on }) => role === login.user && on === host.title),
      'the login in the panel',
    );
    const { grants = [] } = ana.world().state ?? {};
    const grant = grants.find(({ target }) => target === host.target);
    expect(grant).toMatchObject({ person: 'Ana Kovač', role: host.role, state: 'active' });

    await ana.act({ act: 'world_end_soon', grantId: grant?.id ?? '', inMs: 1_000 });
    await ana.until(() => ana.world().state?.grants.every(({ target }) => target !== host.target), 'the grant to end');
    expect(await ask(host.read)).toMatchObject({ ok: false, isCut: true });
    await expect(ana.act({ act: 'world_connect', ...login })).rejects.toThrow(`${host.title} refused the login`);
    await ana.until(() => ana.world().state?.logins.every(({ role }) => role !== login.user), 'the login to be gone');
    expect(ana.world().quests.find((quest) => quest.id === host.quest)?.isDone).toBe(true);
    ana.close();
  });
});

type Marks = { pid: number }[];

const pids = (): number[] => {
  const file = path.join(dir, 'hosts', 'running.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Marks).map(({ pid }) => pid) : [];
};

const hostPorts = (): number[] => {
  const settings = JSON.parse(readFileSync(path.join(dir, 'settings.json'), 'utf8')) as Record<
    string,
    { port: number } | null
  >;
  return [settings.loyalty, settings.cache, settings.web].flatMap((one) => (one ? [one.port] : []));
};

const openPorts = async (): Promise<number> => (await Promise.all(hostPorts().map(isPortOpen))).filter(Boolean).length;

test('Ctrl-C ends each of them, and the next start has all of them before its URL', async () => {
  const before = pids();
  expect(before.map(isRunning)).toEqual(before.map(() => true));
  expect(await openPorts()).toBe(possible.length);
  demo.signal('SIGINT');
  expect(await demo.exit()).toBe(0);
  expect(before.filter(isRunning)).toEqual([]);
  expect(await openPorts()).toBe(0);

  await start();
  expect(await openPorts()).toBe(possible.length);
  expect(demo.output()).not.toContain('Also there now');
});

test('what a killed demo left is ended by the next start, which makes no second one', async () => {
  const left = pids();
  demo.signal('SIGKILL');
  await demo.exit();
  await start();
  expect(left.filter(isRunning)).toEqual([]);
  expect(await openPorts()).toBe(possible.length);
});

test('a host that the machine cannot have is in the list, with what to install, and can be done nowhere else', () => {
  const sentence = 'MariaDB is not installed here; `apt install mariadb-server-core` adds it.';
  const log = openQuestLog({
    file: path.join(dir, 'none.json'),
    onBroken: () => undefined,
    missing: (target) => (target === 'loyalty-db' ? sentence : null),
    personLine: 'ssh-ed25519 AAAA laptop',
  });
  const of = (id: string): unknown => log.list().find((quest) => quest.id === id);
  expect(of('mariadb')).toMatchObject({ isDone: false, missing: sentence });
  expect(of('redis')).toMatchObject({ missing: null });
  expect(of('ssh')).toMatchObject({
    missing: null,
    hint: expect.stringContaining('`ssh-ed25519 AAAA laptop`') as string,
  });
});
