/** `latchkey doctor` as it is run: one thing broken at a time, and everything at once. */
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { clockFindings } from '../../src/compose/doctor/clocks.ts';
import type { Report } from '../../src/cli/doctor/report.ts';
import type { ManifestInput } from '../../sandbox/src/slack/config.ts';
import { freePort } from '../../sandbox/src/embedded/port.ts';
import { runCli } from '../support/process.ts';
import type { Ran } from '../support/process.ts';
import { startSlack } from '../support/slack.ts';
import { startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

const manifest = parse(readFileSync(new URL('../../manifest.yml', import.meta.url), 'utf8')) as ManifestInput;
const SECRET = 'a-long-password-that-nobody-prints';

let world: World;
beforeAll(async () => void (await runCli(['--version'], {})));
beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => await world.stop());

const doctor = (args: string[] = [], env: Record<string, string> = {}): Promise<Ran> =>
  runCli(
    ['doctor', ...args],
    Object.fromEntries(Object.entries({ ...world.env, ...env }).filter(([, value]) => value)),
  );

const reported = async (env: Record<string, string> = {}, args: string[] = []): Promise<Report> =>
  JSON.parse((await doctor([...args, '--json'], env)).out) as Report;

/** `area code`, errors only. */
const errorsIn = ({ checks }: Report): string[] =>
  checks
    .flatMap(({ area, findings }) =>
      findings.flatMap(({ level, code }) => (level === 'error' ? [`${area} ${code}`] : [])),
    )
    .sort();
const messagesIn = ({ checks }: Report): string =>
  checks.flatMap(({ findings }) => findings.map(({ message }) => message)).join('\n');

const changePolicy = (change: (text: string) => string): void =>
  writeFileSync(world.policyPath, change(readFileSync(world.policyPath, 'utf8')));

describe('where all is well', () => {
  it('says so in one line, lists what was looked at, and exits with 0', async () => {
    const { code, out, err } = await doctor();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/\nReady: nothing stops people from getting in \(6 checks, \d+ warnings?\)\.\n$/);
    for (const head of ['Configuration: ', 'Slack: workspace ', 'Postgres: version ', 'Redis: version ', 'Clocks: '])
      expect(out).toMatch(new RegExp(`^${head}`, 'm'));
    expect(out).toContain('Target orders-db: Postgres, 2 roles\n  ok\n');
  });

  it('gives machines the same in the documented shape', async () => {
    const report = await reported();
    expect(Object.keys(report)).toEqual(['ok', 'version', 'errors', 'warnings', 'checks']);
    expect(report).toMatchObject({ ok: true, errors: 0 });
    expect(report.checks.map(({ area, name, ok }) => [area, name, ok])).toEqual([
      ['configuration', 'configuration', true],
      ['slack', 'Slack', true],
      ['database', 'Postgres', true],
      ['redis', 'Redis', true],
      ['target', 'orders-db', true],
      ['clocks', 'clocks', true],
    ]);
    for (const check of report.checks) expect(Object.keys(check)).toEqual(['area', 'name', 'about', 'findings', 'ok']);
    const docs = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    for (const word of [
      '`ok`',
      '`errors`',
      '`warnings`',
      '`checks`',
      ...report.checks.map(({ area }) => `\`${area}\``),
    ])
      expect(docs.includes(word) ? word : '').toBe(word);
  });

  it('looks at one target and nothing else where it is named', async () => {
    const report = await reported({ SLACK_BOT_TOKEN: '', DATABASE_URL: '', REDIS_URL: '' }, ['orders-db']);
    expect(report).toMatchObject({ ok: true, checks: [{ area: 'target', name: 'orders-db', ok: true }] });
  });
});

describe('where something is wrong, it says all of it at once', () => {
  it('a token that is missing, a database, a Redis and a target that are down', async () => {
    const down = `127.0.0.1:1`;
    const { code, out, err } = await doctor([], {
      SLACK_BOT_TOKEN: '',
      DATABASE_URL: `postgres://latchkey:${SECRET}@${down}/latchkey`,
      REDIS_URL: `redis://latchkey:${SECRET}@${down}`,
      ORDERS_DB_ADMIN_URL: `postgres://latchkey:${SECRET}@${down}/orders`,
    });
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toContain('error: SLACK_BOT_TOKEN is not set');
    expect(out).toContain('error: Postgres cannot be reached with DATABASE_URL');
    expect(out).toContain('error: Redis cannot be reached with REDIS_URL');
    expect(out).toMatch(/Target orders-db[^\n]*\n {2}error: Postgres at 127\.0\.0\.1:1\/orders: nothing answers there/);
    expect(out).toMatch(/\nNot ready: \d+ errors.*\.\n$/);
    expect(out).not.toContain(SECRET);
    expect(out).not.toMatch(/^ {4}at /m);
  });

  it('nothing is set at all', async () => {
    const { code, out } = await runCli(['doctor', '--json', '--policy', world.policyPath], {});
    expect(code).toBe(1);
    const report = JSON.parse(out) as Report;
    expect(errorsIn(report)).toEqual([
      ...['configuration missing_variable', 'configuration missing_variable', 'configuration missing_variable'],
      ...['configuration missing_variable', 'configuration missing_variable'],
      ...['database not_checked', 'redis not_checked', 'slack not_checked', 'target missing_variable'],
    ]);
    expect(messagesIn(report)).toContain('The environment variable ORDERS_DB_ADMIN_URL is not set');
  });

  it('no policy, and a policy that is wrong', async () => {
    expect(errorsIn(await reported({ LATCHKEY_POLICY: '/nowhere.yml' }))).toEqual(['configuration unreadable_policy']);
    changePolicy((text) => text.replace('owners: [dba]', 'owners: [dbas]'));
    const report = await reported();
    expect(errorsIn(report)).toEqual(['configuration unknown_group']);
    expect(messagesIn(report)).toMatch(/line \d+, targets\.orders-db\.owners\[0\]: "dbas" is no group/);
  });

  it('tokens that Slack refuses', async () => {
    const report = await reported({ SLACK_BOT_TOKEN: 'xoxb-wrong', SLACK_APP_TOKEN: 'xapp-wrong' });
    expect(errorsIn(report)).toEqual(['slack slack_app_token', 'slack slack_token']);
    expect(messagesIn(report)).toContain('Slack refuses SLACK_BOT_TOKEN (invalid_auth)');
  });

  it('Slack cannot be reached', async () => {
    const report = await reported({ SLACK_API_URL: 'http://127.0.0.1:1/api/' });
    expect(errorsIn(report)).toEqual(['slack slack_app_token', 'slack slack_token']);
    expect(messagesIn(report)).toContain('Slack cannot be reached');
  });

  it('a database without tables, and one that is a newer version’s', async () => {
    const url = new URL(world.database.adminUrl);
    expect(errorsIn(await reported({ DATABASE_URL: url.href }))).toEqual(['database schema_empty']);
    await world.sql(`insert into schema_migrations (hash, created_at) values ('x', 99999999999999)`);
    const report = await reported();
    expect(errorsIn(report)).toEqual(['database schema_ahead']);
    expect(messagesIn(report)).toContain('was migrated by a newer Latchkey');
  });

  it('a database that takes no writes', async () => {
    await withClient(world.database.adminUrl, (client) =>
      client.query(`alter database ${world.database.name} set default_transaction_read_only = on`),
    );
    expect(errorsIn(await reported())).toEqual(['database not_writable']);
  });

  it('a target whose groups and rights are not there, each with the SQL that helps', async () => {
    changePolicy((text) => text.replace(/member_of: \[app_write_\w+\]/, 'member_of: [app_writ]'));
    await world.targetSql(`revoke pg_signal_backend from ${new URL(world.target.managerUrl).username}`);
    const report = await reported();
    expect(errorsIn(report)).toEqual(['target no_group', 'target no_signal']);
    expect(messagesIn(report)).toContain('CREATE ROLE "app_writ" NOLOGIN;');
  });
});

describe('what the policy names in Slack', () => {
  it('channels: missing, archived, and without the bot', async () => {
    const slack = await startSlack({
      channels: [
        { name: 'prod-access', members: ['ada'] },
        { name: 'old', isArchived: true, members: ['bot'] },
      ],
    });
    const inSlack = { SLACK_BOT_TOKEN: slack.botToken, SLACK_APP_TOKEN: slack.appToken, SLACK_API_URL: slack.apiUrl };
    const first = await reported(inSlack);
    expect(errorsIn(first)).toEqual(['slack bot_not_in_channel']);
    expect(messagesIn(first)).toMatch(
      /The bot is not in #prod-access \(target orders-db\): type `\/invite @\w+` there\./,
    );
    changePolicy((text) => text.replace('"#prod-access"', '"#old"'));
    expect(errorsIn(await reported(inSlack))).toEqual(['slack channel_archived']);
    changePolicy((text) => text.replace('"#old"', '"#gone"'));
    expect(errorsIn(await reported(inSlack))).toEqual(['slack no_channel']);
    await slack.close();
  });

  it('a renamed channel is found by the id that was kept, and a name that another took is said', async () => {
    const slack = await startSlack({
      channels: [
        { id: 'C0KEPT', name: 'access-of-old', members: ['bot'] },
        { id: 'C0OTHER', name: 'something-else', members: ['bot'] },
      ],
    });
    const inSlack = { SLACK_BOT_TOKEN: slack.botToken, SLACK_APP_TOKEN: slack.appToken, SLACK_API_URL: slack.apiUrl };
    await world.sql("insert into channel_names (name, channel_id, created_at) values ('prod-access', 'C0KEPT', now())");
    try {
      const renamed = await reported(inSlack);
      expect(errorsIn(renamed)).toEqual([]);
      expect(messagesIn(renamed)).toContain(
        'The channel #prod-access (target orders-db) is called #access-of-old now, and is the same channel (C0KEPT)',
      );
      slack.as('ada').rename('something-else', 'prod-access');
      const taken = await reported(inSlack);
      expect(errorsIn(taken)).toEqual(['slack channel_taken']);
      expect(messagesIn(taken)).toContain('write C0KEPT or C0OTHER in the policy');
    } finally {
      await world.sql('delete from channel_names');
      await slack.close();
    }
  });

  it('user groups and people: unknown, disabled, empty, gone', async () => {
    changePolicy((text) =>
      text.replace(
        'groups:\n',
        `groups:
  a: { slack_usergroup: nowhere }
  b: { slack_usergroup: off }
  c: { slack_usergroup: empty }
  d: { people: [gone@acme.test, guest@acme.test] }
  e: { people: [olga@acme.test, gone@acme.test, U0ADA] }
`,
      ),
    );
    const { cast } = await import('../support/slack.ts');
    const slack = await startSlack({
      users: [...cast.users, { id: 'U0GUEST', name: 'guest', email: 'guest@acme.test', isGuest: true }],
      usergroups: [
        ...cast.usergroups,
        { handle: 'off', members: ['rita'], isDisabled: true },
        { handle: 'empty', members: [] },
      ],
    });
    const report = await reported({
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_API_URL: slack.apiUrl,
    });
    expect(errorsIn(report)).toEqual([
      ...['slack no_user_group', 'slack no_user_group', 'slack nobody_in_group'],
      ...['slack nobody_in_group', 'slack nobody_in_group'],
    ]);
    const messages = messagesIn(report);
    expect(messages).toContain('@nowhere (group a): Slack has no user group nowhere');
    expect(messages).toContain('@off (group b): The user group off is disabled in Slack');
    expect(messages).toContain('@empty (group c) has no members');
    expect(messages).toContain('guest@acme.test (group d) is a guest');
    expect(messages).toContain('gone@acme.test (group e) has no account in this workspace');
    await slack.close();
  });

  it('scopes: what is missing is an error only where the policy needs it, what is too much a warning', async () => {
    const scopes = manifest.oauth_config?.scopes?.bot ?? [];
    const slack = await startSlack({
      botScopes: [
        ...scopes.filter((name) => !['usergroups:read', 'files:write', 'chat:write'].includes(name)),
        'pins:write',
      ],
    });
    const report = await reported({
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_API_URL: slack.apiUrl,
    });
    expect(errorsIn(report)).toEqual(['slack missing_scope', 'slack missing_scope']);
    const findings = report.checks.find(({ area }) => area === 'slack')?.findings ?? [];
    expect(findings.map(({ level, message }) => `${level} ${/scope (\S+)/.exec(message)?.[1]}`).sort()).toEqual([
      'error chat:write,',
      'error usergroups:read,',
      'warning files:write,',
      'warning pins:write,',
    ]);
    await slack.close();
  });

  it('has nothing to say about an app that was made from manifest.yml', async () => {
    const slack = await startSlack({ manifest });
    const report = await reported({
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_API_URL: slack.apiUrl,
    });
    expect(report.checks.find(({ area }) => area === 'slack')?.findings).toEqual([]);
    await slack.close();
  });
});

describe('what takes the words and never answers', () => {
  let hanging: Server;
  beforeAll(async () => {
    hanging = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => {
      hanging.listen(0, '127.0.0.1', resolve);
    });
  });
  afterAll(() => void hanging.close());

  it('is a finding within seconds, and the rest is told too', async () => {
    const at = `127.0.0.1:${(hanging.address() as AddressInfo).port}`;
    const startedAt = Date.now();
    const report = await reported({
      DATABASE_URL: `postgres://a:${SECRET}@${at}/a`,
      REDIS_URL: `redis://${at}`,
      ORDERS_DB_ADMIN_URL: `postgres://a:${SECRET}@${at}/a`,
      SLACK_API_URL: `http://${at}/api/`,
    });
    expect(Date.now() - startedAt).toBeLessThan(60_000);
    expect([...new Set(report.checks.filter(({ ok }) => !ok).map(({ area }) => area))].sort()).toEqual([
      ...['database', 'redis', 'slack', 'target'],
    ]);
  });
});

describe('used wrongly', () => {
  it('with a target that is none: exit code 2 and the name that was meant', async () => {
    for (const args of [['order-db'], ['--sql', 'order-db']]) {
      const { code, err } = await doctor(args);
      expect({ code, err }).toEqual({
        code: 2,
        err: '"order-db" is no target of the policy; did you mean "orders-db"?\n',
      });
    }
    expect((await doctor(['orders-db', '--sql', 'other'])).code).toBe(2);
  });

  it('with a target and no policy: what is wrong with the policy', async () => {
    const { code, err } = await doctor(['orders-db'], {
      LATCHKEY_POLICY: path.join(path.dirname(world.policyPath), 'no.yml'),
    });
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('There is no policy file') as string });
  });
});

it('LATCHKEY_PUBLIC_URL is asked whether it leads to Latchkey', async () => {
  const app = await world.start();
  const here = await reported({ LATCHKEY_PUBLIC_URL: `http://127.0.0.1:${app.port}/` });
  expect(here.checks.find(({ area }) => area === 'address')).toMatchObject({ ok: true, findings: [] });
  for (const [url, why] of [
    [world.slack.url, 'is not Latchkey'],
    [`http://127.0.0.1:${await freePort()}`, 'ECONNREFUSED'],
  ] as const) {
    const elsewhere = await reported({ LATCHKEY_PUBLIC_URL: url });
    const address = elsewhere.checks.find(({ area }) => area === 'address');
    expect(address).toMatchObject({ ok: true, findings: [{ level: 'warning', code: 'address' }] });
    expect(address?.findings[0]?.message).toContain(why);
  }
});

it('a key that does not open the credentials of live access is an error', async () => {
  await world.sql(`alter table secrets disable trigger all`);
  const env = { LATCHKEY_SECRET_KEY: Buffer.alloc(32, 9).toString('base64') };
  expect(errorsIn(await reported(env))).toEqual([]);
  await withClient(world.database.url, async (client) => {
    await client.query(`set session_replication_role = replica`);
    await client.query(
      `insert into secrets (grant_id, key_id, nonce, ciphertext, created_at) values ('g', 'another', '\\x00', '\\x00', now())`,
    );
  });
  const report = await reported(env);
  expect(errorsIn(report)).toEqual(['database secret_key']);
  expect(messagesIn(report)).toContain('does not open 1 of 1 credentials');
});

describe('clocks', () => {
  const clock = (offsetMs: number, isSlack = true) => ({
    name: 'Slack',
    isSlack,
    reading: { shownMs: 1_000_000 + offsetMs, sentAtMs: 1_000_000, receivedAtMs: 1_000_200 },
  });

  it.each([
    ['the same', clock(100), true, []],
    ['four seconds ahead', clock(4_000), true, []],
    ['a minute ahead', clock(60_000), true, ['warning']],
    ['a minute behind', clock(-60_000), true, ['warning']],
    ['six minutes behind Slack, whose requests are then refused', clock(-360_000), true, ['error']],
    ['six minutes behind Slack in Socket Mode', clock(-360_000), false, ['warning']],
    ['six minutes behind Postgres, whose clock decides', clock(-360_000, false), true, ['warning']],
  ])('%s', (...[, named, isHttpMode, levels]) => {
    expect(clockFindings([named], { isHttpMode }).map(({ level }) => level)).toEqual(levels);
  });
});
