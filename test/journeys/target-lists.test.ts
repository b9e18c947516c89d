/** A list of targets changes, breaks and loses a target while two servers run and access is live. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { App } from '../../src/compose/app.ts';
import { createShowing, openSession, storyOf, until, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

const rulesOf = (file: string): string => `
targets_from:
  shops:
    file: ${file}
    every: 1s
    fields: { title: "*" }
    name: "shop-{{shop}}"
    target:
      title: "{{title}}"
      provider: postgres
      config: { url: "\${ORDERS_DB_ADMIN_URL}" }
      owners: [dba]
      channel: "#prod-access"
      roles: { read: { scope: { member_of: [LISTED] }, max: 1h, default: 30m } }
rules:
  - { name: An owner agrees, approvals: [{ from: owners }] }
limits: { open_requests: 100, live_grants: 100 }
admins: [security]
`;

const csv = (shops: readonly string[]): string =>
  `shop,title\n${shops.map((shop) => `${shop},Shop <!here> ${shop}\n`).join('')}`;
const MANY = Array.from({ length: 30 }, (_, index) => `n${index}`);

/** A list is read each second, what it changes is seen within two more, and a busy machine takes its time for each. */
const PATIENT = { timeout: 150_000 };

const patiently = (look: () => Promise<unknown>, what: string) => until(look, what, 60_000);

let folder: string;
let file: string;
let world: World;
let story: Story;
let showing: ReturnType<typeof createShowing>;
let apps: App[] = [];

const stopAll = async (): Promise<void> => {
  for (const app of apps.splice(0)) await app.stop();
};

const list = (...shops: string[]): void => writeFileSync(file, csv(shops));

const found = () =>
  world.sql<{ data: Record<string, unknown> }>(
    `select data::jsonb as data from audit_events where type = 'targets.found' order by id`,
  );
const untilFound = (count: number) =>
  patiently(async () => (await found()).length >= count, `${count} changes of the list`);
const noted = (type: string) => world.sql(`select data::jsonb as data from audit_events where type = $1`, [type]);

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-list-'));
  file = path.join(folder, 'shops.csv');
  list('a', 'b');
  world = await startWorld({ rules: rulesOf(file) });
  const text = readFileSync(world.policyPath, 'utf8').replace('LISTED', world.target.groups.app_read);
  writeFileSync(world.policyPath, text);
  story = storyOf(world);
  showing = createShowing(world, 'postgresql');
  apps = [await world.start(), await world.start()];
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('what it gives at the start is recorded once, and can be requested', PATIENT, async () => {
  expect(await found()).toMatchObject([
    { data: { list: 'shops', targets: 2, added: 2, removed: 0, changed: 0, addedNames: ['shop-a', 'shop-b'] } },
  ]);
  const message = await story.ask('ada', 'shop-a read 20m checkout errors after the release');
  expect(JSON.stringify(message)).not.toContain('<!here>');
  const [{ sha256, source } = { sha256: '', source: '' }] = await world.sql<{ sha256: string; source: string }>(
    `select sha256, source from policies`,
  );
  expect(source).toContain('"shop":"a"');
  expect(await world.sql(`select policy_sha256 as sha256 from requests`)).toEqual([{ sha256 }]);
});

test('a target that joins it can be requested, and the admins read what changed', PATIENT, async () => {
  list('a', 'b', 'c');
  await untilFound(2);
  expect((await found()).at(-1)).toMatchObject({ data: { targets: 3, added: 1, addedNames: ['shop-c'] } });
  const said = JSON.stringify(await story.dm('sam', 'A list of targets changed'));
  expect(said).toContain('List shops: 1 added (shop-c); 3 targets in all');
  await story.ask('ada', 'shop-c read 20m checkout errors after the release');
  expect(JSON.stringify(world.slack.as('sam').dmsWithApp())).not.toContain('A new policy is in force');
});

test('one that is down keeps the last good one and is said once, until it can be read', PATIENT, async () => {
  rmSync(file);
  const said = await story.dm('sam', 'A list of targets cannot be read');
  expect(JSON.stringify(said)).toContain('is not there');
  await patiently(
    async () =>
      (
        await world.sql(
          `select 1 from target_lists where problem is not null and tried_at > failing_since + interval '2 seconds'`,
        )
      ).length,
    'a second try',
  );
  expect(await noted('targets.list_unreadable')).toHaveLength(1);
  await story.ask('ada', 'shop-b read 20m checkout errors after the release');
  list('a', 'b', 'c', ...MANY);
  await patiently(async () => (await noted('targets.list_readable')).length, 'that it can be read');
  await untilFound(3);
  await story.dm('sam', 'The list can be read again.');
});

test('one that lost most of its targets at once is taken for a fault', PATIENT, async () => {
  list('a');
  await patiently(async () => (await noted('targets.list_unreadable')).length === 2, 'that it is not believed');
  expect(JSON.stringify(await story.dm('sam', 'shrink: 100%'))).toContain('has 1 entry after 33');
  await story.ask('ada', 'shop-n1 read 20m checkout errors after the release');
  list('a', 'b', 'c', ...MANY);
  await patiently(async () => (await noted('targets.list_readable')).length === 2, 'that it can be read');
});

test(
  'access in a target that leaves it goes on, is given to nobody else, and is cut when it is given back',
  PATIENT,
  async () => {
    const message = await story.ask('ada', 'shop-n2 read 20m checkout errors after the release');
    await world.slack.as('olga').click(message, 'approve');
    const { url } = await showing('ada');
    const { client, isCut } = await openSession(url);
    list('a', 'b', 'c', ...MANY.filter((name) => name !== 'n2'));
    await patiently(
      async () => (await found()).some(({ data }) => String(data['removedNames']).includes('shop-n2')),
      'its leaving',
    );
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await world.slack
      .as('ada')
      .command('/prod-access', 'shop-n2 read 20m checkout errors after the release', 'general');
    await story.privately('ada', 'shop-n2');
    await world.slack.as('ada').click(await story.dm('ada', 'show_credentials'), 'done');
    await isCut;
    await untilRemoved(world);
    await expect(withClient(url, (again) => again.query('select 1'))).rejects.toThrow(/authentication|exist/);
  },
);

test('it is cut at its end also where all servers started after the target had left', PATIENT, async () => {
  const message = await story.ask('ada', 'shop-n3 read 40s checkout errors after the release');
  await world.slack.as('olga').click(message, 'approve');
  const { url } = await showing('ada');
  const { client, isCut } = await openSession(url);
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await stopAll();
  list('a', 'b', 'c', ...MANY.filter((name) => name !== 'n2' && name !== 'n3'));
  rmSync(file);
  // What was stored of it is taken while it cannot be read.
  apps = [await world.start()];
  expect(
    await world.sql(`select 1 from audit_events where type = 'targets.found' and data::jsonb -> 'removed' <> '0'`),
  ).not.toEqual([]);
  list('a', 'b', 'c', ...MANY.filter((name) => name !== 'n2' && name !== 'n3'));
  await patiently(
    async () => (await found()).some(({ data }) => String(data['removedNames']).includes('shop-n3')),
    'its leaving',
  );
  await stopAll();
  apps = [await world.start()];
  await isCut;
  await untilRemoved(world);
});
