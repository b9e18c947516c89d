/** One Latchkey for the workspaces of an organisation: installed by OAuth in each, or for all, and used from both. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Message } from '../../sandbox/src/slack/types.ts';
import { incidentRules } from '../support/incident.ts';
import { ORGANISATION, installApp } from '../support/organisation.ts';
import type { InstallAs } from '../support/organisation.ts';
import { openSession, until, untilRemoved } from '../support/story.ts';
import { seen, startWorld, withClient } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { title: Read-write, scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m, sensitive: true }`;

let world: World;
let port: number;
afterEach(() => world.stop());

const open = async (options: WorldOptions): Promise<void> => {
  world = await startWorld({ isOrganisation: true, roles: ROLES, ...options });
  port = (await world.start()).port;
};
const install = (given: InstallAs) => installApp(world.slack, port, given);

/** In both workspaces one by one, or for all of them. */
const WAYS = { 'in each workspace': ['T0NORTH', 'T0SOUTH'], 'for the organisation': [null] } as const;
type Way = keyof typeof WAYS;

const installAll = async (way: Way): Promise<void> => {
  for (const teamId of WAYS[way]) expect((await install({ as: 'sam', teamId })).status).toBe(200);
  world.slack.addBotTo('prod-access');
};

const messageOf = (messages: () => Message[], text: string): Promise<Message> =>
  world.slack.waitFor(() => messages().findLast((one) => seen(one).includes(text)), {
    what: `a message with "${text}"`,
  });
const dm = (who: string, text: string): Promise<Message> => messageOf(() => world.slack.as(who).dmsWithApp(), text);
const inChannel = (text: string, who = 'olga'): Promise<Message> =>
  messageOf(() => world.slack.as(who).messages('prod-access'), text);
const people = () => world.sql<{ id: string }>('select id from people order by id');
const states = () => world.sql<{ state: string }>('select state from requests order by created_at');

const credentials = async (who: string): Promise<string> => {
  const { slack } = world;
  await slack.as(who).click(await dm(who, 'show_credentials'), 'show_credentials');
  const modal = await slack.waitFor(() =>
    slack
      .as(who)
      .modals()
      .find((view) => JSON.stringify(view).includes('postgresql://')),
  );
  return /postgresql:\/\/[^\s"`\\|>]+/.exec(JSON.stringify(modal))?.[0] ?? '';
};

// How events come and how the app was installed have nothing to do with each other, so that each stands here once.
describe.each([
  { mode: 'socket', way: 'in each workspace' },
  { mode: 'http', way: 'for the organisation' },
] as const)('over $mode, installed $way', ({ mode, way }) => {
  test('who is in the north gets access that the south approves, sees it at home, and loses it in time', async () => {
    await open({ mode });
    await installAll(way);
    const { slack } = world;
    await slack.as('ada').command('/prod-access', 'orders-db read 6s checkout errors after the release', 'team');
    const asked = await inChannel('checkout errors after the release');
    await slack.as('olga').click(asked, 'approve');
    const { isCut } = await openSession(await credentials('ada'));
    slack.as('ada').openHome();
    await slack.waitFor(() => JSON.stringify(slack.as('ada').home() ?? null).includes('Orders database'));
    slack.as('olga').openHome();
    await slack.waitFor(() => slack.as('olga').home());
    await isCut;
    await dm('ada', '*Ended*');
    await untilRemoved(world);
    expect(await people()).toEqual([{ id: 'E0ACME:U0ADA' }, { id: 'E0ACME:U0OLGA' }]);
  });

  test('who is in the south requests in the form, and two of the north approve', async () => {
    await open({ mode });
    await installAll(way);
    const { slack } = world;
    const oscar = slack.as('oscar');
    await oscar.command('/prod-access', '', 'prod-access');
    await slack.waitFor(() => JSON.stringify(oscar.modal() ?? null).includes('Orders database'));
    await oscar.select('target', 'orders-db');
    await slack.waitFor(() => JSON.stringify(oscar.modal() ?? null).includes('Read-write'));
    await oscar.select('role', 'write');
    await slack.waitFor(() => JSON.stringify(oscar.modal() ?? null).includes('Writes need an owner and an SRE'));
    await oscar.type('reason', 'repair order 1183 by hand');
    await oscar.type('ticket', 'OPS-12');
    await oscar.submit();
    const asked = await inChannel('repair order 1183', 'sam');
    await slack.as('sam').click(asked, 'approve');
    await slack.as('rita').click(await inChannel('<@U0SAM> approved', 'rita'), 'approve');
    await credentials('oscar');
    expect(await states()).toEqual([{ state: 'approved' }]);
  });

  test('who is of another company is refused, whatever they click', async () => {
    await open({ mode });
    await installAll(way);
    const { slack } = world;
    await slack.as('ada').command('/prod-access', 'orders-db read 30m look at orders', 'prod-access');
    const asked = await inChannel('look at orders');
    await slack.as('eve', 'T0NORTH').click(asked, 'approve');
    await messageOf(() => slack.as('eve', 'T0NORTH').messages('prod-access'), 'full member');
    expect(await states()).toEqual([{ state: 'pending' }]);
    await slack.as('olga').click(asked, 'approve');
    await dm('ada', 'show_credentials');
  });
});

test('an address that is that of another account in the other workspace counts for no one', async () => {
  const twin = { id: 'U0TWIN', name: 'olga', realName: 'Olga Berg', email: 'olga@acme.test', teamIds: ['T0NORTH'] };
  await open({ slackConfig: { users: [...ORGANISATION.users, twin] } });
  await installAll('in each workspace');
  const { slack } = world;
  await slack.as('ada').command('/prod-access', 'orders-db read 30m look at orders', 'team');
  const asked = await inChannel('look at orders', 'sam');
  slack.as('U0TWIN').join('prod-access');
  for (const who of ['U0TWIN', 'U0OLGA']) {
    await slack.as(who).click(asked, 'approve');
    await messageOf(
      () =>
        slack
          .as(who)
          .messages('prod-access')
          .filter(({ ephemeralFor }) => ephemeralFor !== undefined),
      '',
    );
  }
  expect(await states()).toEqual([{ state: 'pending' }]);
  await slack.as('sam').click(asked, 'approve');
  await dm('ada', 'show_credentials');
});

test.each(Object.keys(WAYS) as Way[])(
  'a target with a channel in each workspace is approved in either, installed %s',
  async (way) => {
    await open({ channel: '{ T0NORTH: "#team", T0SOUTH: "#team" }' });
    await installAll(way);
    const { slack } = world;
    for (const id of ['C0NORTH', 'C0SOUTH']) slack.addBotTo(id);
    await slack.as('ada').command('/prod-access', 'orders-db read 30m look at orders', 'C0NORTH');
    const north = await messageOf(() => slack.as('sam').messages('C0NORTH'), 'look at orders');
    const south = await messageOf(() => slack.as('olga').messages('C0SOUTH'), 'look at orders');
    await slack.as('olga').click(south, 'approve');
    await dm('ada', 'show_credentials');
    const buttons = (): string =>
      JSON.stringify(
        slack
          .as('sam')
          .messages('C0NORTH')
          .find(({ ts }) => ts === north.ts),
      );
    await slack.waitFor(() => !buttons().includes('"approve"'));
    expect(await states()).toEqual([{ state: 'approved' }]);
  },
);

test('an incident in the south is seen and answered in the south', async () => {
  await open({ rules: incidentRules(), groups: '  on-call: { slack_usergroup: south }\n' });
  await installAll('in each workspace');
  const { slack } = world;
  slack.as('olga').createChannel('inc-checkout');
  await messageOf(() => slack.as('olga').messages('inc-checkout'), 'request access here');
  slack.as('oscar').join('inc-checkout');
  await slack.as('oscar').command('/prod-access', 'orders-db read 15m stuck orders of today', 'inc-checkout');
  await dm('oscar', 'show_credentials');
  expect(await states()).toEqual([{ state: 'approved' }]);
});

test('a workspace that removes the app is reported to the admins, and what was granted ends on time', async () => {
  await open({});
  await installAll('in each workspace');
  const { slack } = world;
  await slack.as('oscar').command('/prod-access', 'orders-db read 12s look at orders', 'team');
  await slack.as('sam').click(await inChannel('look at orders', 'sam'), 'approve');
  const url = await credentials('oscar');
  slack.uninstall('T0SOUTH');
  const notice = await dm('sam', 'Latchkey was removed from a workspace');
  expect(seen(notice)).toContain('South (T0SOUTH)');
  // The grant goes on.
  await withClient(url, (client) => client.query('select 1'));
  await until(async () => (await world.sql(`select 1 from grants where state = 'removed'`)).length === 1, 'the end');
  await expect(withClient(url, (client) => client.query('select 1'))).rejects.toThrow(/authentication|exist/);
  expect(await world.sql('select end_cause, end_outcome from grants')).toEqual([
    { end_cause: 'expired', end_outcome: 'removed' },
  ]);
  expect((await install({ as: 'oscar', teamId: 'T0SOUTH' })).status).toBe(200);
  await dm('sam', 'The app is installed again');
});

test('with no installation left, what was granted ends on time', async () => {
  await open({ mode: 'http' });
  await installAll('for the organisation');
  const { slack } = world;
  await slack.as('ada').command('/prod-access', 'orders-db read 8s look at orders', 'team');
  await slack.as('olga').click(await inChannel('look at orders'), 'approve');
  const { isCut } = await openSession(await credentials('ada'));
  slack.uninstall(null);
  await until(async () => (await world.sql('select 1 from slack_installations')).length === 0, 'the removal');
  await isCut;
  await untilRemoved(world);
});

describe('an installation', () => {
  test('of a workspace of another company is refused, and its token is not kept', async () => {
    await open({});
    expect(await install({ as: 'eve', teamId: 'T0OTHER' })).toMatchObject({ status: 403 });
    expect(await world.sql('select 1 from slack_installations')).toEqual([]);
  });

  test('is refused in another browser, a second time, and when it was cancelled', async () => {
    await open({});
    expect(await install({ as: 'sam', teamId: 'T0NORTH', cookie: '' })).toMatchObject({ status: 400 });
    expect(await install({ as: 'sam', teamId: 'T0NORTH', isCancelled: true })).toMatchObject({ status: 400 });
    const { status, address } = await install({ as: 'sam', teamId: 'T0NORTH' });
    expect(status).toBe(200);
    const state = new URL(address).searchParams.get('state') ?? '';
    const again = await fetch(address, { headers: { cookie: `slack-app-oauth-state=${state}` } });
    expect(again.status).toBe(400);
    expect(await world.sql(`select id from slack_installations`)).toEqual([{ id: 'T0NORTH' }]);
  });

  test('that comes later is used by a process that started without one', async () => {
    await open({});
    expect((await world.slack.as('ada').command('/prod-access', 'list', 'team')).ok).toBe(false);
    expect((await install({ as: 'sam', teamId: 'T0NORTH' })).status).toBe(200);
    expect((await world.slack.as('ada').command('/prod-access', 'list', 'team')).ok).toBe(true);
  });
});
