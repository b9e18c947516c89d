/** The main job, end to end, in both ways into Slack: ask, approve, get in, be out again. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession, storyOf, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 4s }
      write: { title: Read-write, scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m, sensitive: true }`;

describe.each(['socket', 'http'] as const)('over %s', (mode) => {
  let world: World;
  let story: Story;
  beforeAll(async () => {
    world = await startWorld({ mode, roles: ROLES });
    story = storyOf(world);
    await world.start();
  });
  afterAll(() => world.stop());

  test('asked in one line, agreed to, used as the right role, and cut at the end', async () => {
    const { slack } = world;
    const message = await story.ask('ada', 'orders-db read 4s checkout errors after the release');
    await slack.as('olga').click(message, 'approve');
    const { url } = await story.credentials('ada');
    const { client, isCut } = await openSession(url);
    const { rows } = await client.query<{ me: string; n: string }>(
      'select current_user as me, count(*) as n from orders',
    );
    expect(rows).toEqual([{ me: world.target.groups.app_read, n: '2' }]);
    await expect(client.query("insert into orders values (3, 'desk')")).rejects.toMatchObject({ code: '42501' });
    expect(await world.logins()).toHaveLength(1);
    await isCut;
    await expect(withClient(url, (again) => again.query('select 1'))).rejects.toThrow(/authentication|exist/);
    await story.dm('ada', '*Ended*');
    await untilRemoved(world);
    expect(await world.logins()).toEqual([]);
    expect(await world.sql(`select end_outcome, end_cause from grants`)).toEqual([
      { end_outcome: 'removed', end_cause: 'expired' },
    ]);
    expect(await world.sql('select 1 from secrets')).toEqual([]);
  });
});

describe('in the form', () => {
  let world: World;
  let story: Story;
  beforeAll(async () => {
    world = await startWorld();
    story = storyOf(world);
    await world.start();
  });
  afterAll(() => world.stop());

  test('a write is asked for in the form, needs two people, and is given back early', async () => {
    const { slack } = world;
    const ada = slack.as('ada');
    await ada.command('/prod-access', '', 'general');
    await slack.waitFor(() => JSON.stringify(ada.modal() ?? null).includes('Orders database'));
    await ada.select('target', 'orders-db');
    await slack.waitFor(() => JSON.stringify(ada.modal() ?? null).includes('Read-write'));
    await ada.select('role', 'write');
    await slack.waitFor(() => JSON.stringify(ada.modal() ?? null).includes('Writes need an owner and an SRE'));
    await ada.type('reason', 'repair order 1183 by hand');
    const refused = await ada.submit();
    expect(JSON.stringify(refused)).toContain('ticket');
    await ada.type('ticket', 'OPS-12');
    await ada.submit();
    const message = await story.inChannel('repair order 1183');
    await slack.as('olga').click(message, 'approve');
    const halfway = await story.inChannel('<@U0OLGA> approved');
    expect(await story.state()).toEqual([{ request: 'pending', grant: null }]);
    await slack.as('rita').click(halfway, 'approve');
    const { url } = await story.credentials('ada');
    const { client, isCut } = await openSession(url);
    await client.query("insert into orders values (3, 'desk')");
    await client.query('create table if not exists mine (id int)').catch(() => undefined);
    const granted = await story.dm('ada', 'show_credentials');
    await ada.click(granted, 'done');
    await isCut;
    await story.dm('ada', '*Ended*');
    await untilRemoved(world);
    expect(await world.logins()).toEqual([]);
    const decided = slack
      .as('olga')
      .messages('prod-access')
      .find(({ ts }) => ts === message.ts);
    expect(JSON.stringify(decided)).not.toContain('"action_id":"approve"');
    expect(await story.events()).toEqual(
      expect.arrayContaining([
        'policy.loaded',
        'request.refused',
        'request.created',
        'vote.cast',
        'request.approved',
        'grant.active',
        'credentials.shown',
        'grant.ending',
        'grant.removed',
      ]),
    );
  });
});
