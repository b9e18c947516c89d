/** Tokens of the organisation's installations: kept encrypted, renewed once for all processes, and removed when Slack takes them for none. */
import { WebClient } from '@slack/web-api';
import type pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createInstallationBook } from '../../src/application/identity/installations.ts';
import type { InstallationBook } from '../../src/application/identity/installation-ports.ts';
import { newId } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { createSealing } from '../../src/lib/sealing.ts';
import type { Tokens } from '../../src/slack/connection/installations.ts';
import { createOrganisation } from '../../src/slack/connection/organisation.ts';
import type { Organisation } from '../../src/slack/connection/organisation.ts';
import { createPool, createStore } from '../../src/store/client.ts';
import { createSlackMemory } from '../../src/store/slack-facts.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { ORGANISATION } from '../support/organisation.ts';
import { startSlack } from '../support/slack.ts';
import { until } from '../support/story.ts';
import type { Slack } from '../support/slack.ts';

const log = createLog('silent');
/** Less than two hours: each token is due to be renewed from the start. */
const TTL_S = 7_000;

let slack: Slack;
let database: TestDatabase;
let pool: pg.Pool;
beforeEach(async () => {
  [slack, database] = await Promise.all([startSlack({ ...ORGANISATION, tokenTtlS: TTL_S }), createTestDatabase()]);
  pool = createPool({ url: database.url, log, max: 5 });
});
afterEach(async () => {
  await pool.end();
  await slack.close();
  await database.drop();
});

/** As each process has it. */
const open = (book = bookOf()): Organisation => {
  const { clientId, clientSecret } = slack.state.oauth;
  return createOrganisation({
    ...{ enterpriseId: 'E0ACME', clientId, clientSecret, apiUrl: slack.apiUrl, log },
    ...{ book, vault: createSealing([Buffer.alloc(32, 7)]) },
  });
};
const bookOf = (): InstallationBook => {
  const store = createStore({ pool, log, onWork: () => undefined });
  return createInstallationBook({ store, ids: { next: newId } });
};

const install = async ({ installations }: Organisation, change: Partial<Tokens> = {}): Promise<void> => {
  const { clientId, clientSecret } = slack.state.oauth;
  const [redirectUri] = ORGANISATION.redirectUrls;
  const query = new URLSearchParams({ client_id: clientId, scope: 'chat:write', redirect_uri: redirectUri ?? '' });
  const back = slack.consent(`https://slack.com/oauth/v2/authorize?${query.toString()}`, {
    as: 'sam',
    teamId: 'T0NORTH',
  });
  const answer = await new WebClient(undefined, { slackApiUrl: slack.apiUrl }).oauth.v2.access({
    ...{ client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri ?? '' },
    code: new URL(back).searchParams.get('code') ?? '',
  });
  const where = { id: 'T0NORTH', enterpriseId: 'E0ACME', teamId: 'T0NORTH', name: 'North' };
  const bot = { botId: 'B0', botUserId: answer.bot_user_id ?? '', scopes: ['chat:write'] };
  const expiresAt = new Date(Date.now() + TTL_S * 1_000);
  const tokens = { token: answer.access_token ?? '', refreshToken: answer.refresh_token ?? '', expiresAt, ...change };
  await installations.add({ ...where, ...bot, ...tokens }, 'U0SAM');
};

const tokenNow = async ({ installations }: Organisation): Promise<string> => {
  const [first] = await installations.all();
  if (!first) throw new Error('nothing is installed');
  return installations.tokenOf(first);
};
const isTaken = async (token: string): Promise<boolean> =>
  (await new WebClient(token, { slackApiUrl: slack.apiUrl }).auth.test()).ok;
const renewals = () => slack.calls('oauth.v2.access').filter(({ args }) => args['grant_type'] === 'refresh_token');

it('renews one that has expired before it is used, once for two processes', async () => {
  const [one, two] = [open(), open()];
  await install(one, { expiresAt: new Date(Date.now() - 1_000) });
  const tokens = await Promise.all([one, two, one, two].map(tokenNow));
  expect(renewals().map(({ answer }) => answer['ok'])).toEqual([true]);
  expect(new Set(tokens).size).toBe(1);
  expect(await isTaken(tokens[0] ?? '')).toBe(true);
});

it('goes on with one that will expire while it is renewed, and then with the new one', async () => {
  const one = open();
  await install(one);
  const old = await tokenNow(one);
  await slack.waitFor(() => renewals().length > 0);
  await until(async () => (await tokenNow(one)) !== old, 'the new token');
  expect(await isTaken(old)).toBe(true);
});

it('keeps tokens encrypted, each for its own installation', async () => {
  const one = open();
  await install(one);
  const { rows } = await pool.query<{ text: string }>('select to_jsonb(i)::text as text from slack_installations i');
  for (const { tokens, refreshToken } of slack.state.installations.values())
    for (const secret of [refreshToken ?? '', ...tokens.map(({ text }) => text)])
      expect(rows[0]?.text).not.toContain(secret);
  await pool.query(`update slack_installations set id = 'T0SOUTH', team_id = 'T0SOUTH'`);
  await expect(open().installations.all()).rejects.toThrow(/authenticate/);
});

it('removes what Slack takes for revoked, notifies the admins once, and keeps what could not be asked about', async () => {
  const one = open();
  await install(one);
  slack.faults.failHttp('auth.test', 503, 5);
  await expect(one.lookForRemoved()).rejects.toThrow(/503/);
  expect(await one.installations.all()).toHaveLength(1);
  slack.faults.clear();
  slack.uninstall('T0NORTH');
  await one.lookForRemoved();
  await open().lookForRemoved();
  expect(await one.installations.all()).toEqual([]);
  expect((await pool.query(`select kind from announcements`)).rows).toEqual([{ kind: 'app_removed' }]);
  const { rows } = await pool.query<{ type: string }>('select type from audit_events order by id');
  expect(rows.map(({ type }) => type)).toEqual(['slack_app.installed', 'slack_app.removed']);
});

it('what was read of the organisation counts no more once a workspace is added or removed', async () => {
  const { facts } = createSlackMemory(pool);
  const NAME = { kind: 'user_groups', key: 'all' } as const;
  const look = async () => {
    const [one] = await facts.find('E0ACME', [{ ...NAME, known: null, use: 'decision' }]);
    if (!one) throw new Error('nothing was looked at');
    return one;
  };
  const keep = async (): Promise<void> => {
    await facts.keep('E0ACME', [{ ...NAME, value: ['north'] }], (await look()).asOf);
    expect((await look()).found).not.toBeNull();
  };
  const organisation = open();
  await keep();
  await install(organisation);
  expect((await look()).found).toBeNull();
  await keep();
  await organisation.installations.remove({ id: 'T0NORTH', name: 'North' }, 'account_inactive');
  expect((await look()).found).toBeNull();
});

it.each(['added', 'removed'] as const)(
  'believes nothing that was read with the list from before, once one is %s, though it was kept after that',
  async (change) => {
    const { facts } = createSlackMemory(pool);
    const name = { kind: 'email', key: 'olga@acme.test' } as const;
    const find = async () => {
      const [found] = await facts.find('E0ACME', [{ ...name, known: null, use: 'decision' }]);
      if (!found) throw new Error('nothing was looked for');
      return found;
    };
    const book = bookOf();
    let isKept = false;
    // As a look-up that began between the change and the new list.
    const list = async () => {
      await facts.keep('E0ACME', [{ ...name, value: 'of one workspace' }], (await find()).asOf);
      isKept = (await find()).found !== null;
      return book.list();
    };
    const one = open({ ...book, list });
    await install(one);
    if (change === 'removed') await one.installations.remove({ id: 'T0NORTH', name: 'North' }, 'token_revoked');
    expect({ isKept, found: (await find()).found }).toEqual({ isKept: true, found: null });
  },
);
