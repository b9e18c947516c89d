import { afterEach, describe, expect, it } from 'vitest';
import { incidentRules, incidentsOf, ON_CALL } from '../support/incident.ts';
import type { Incidents } from '../support/incident.ts';
import { openSession, storyOf, until, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld, withClient } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

let world: World;
let room: Incidents;
let story: Story;

afterEach(async () => {
  await world.stop();
});

type Options = WorldOptions & { warning?: string; more?: string };

const open = async ({ warning = '2s', more = '', ...options }: Options = {}): Promise<void> => {
  world = await startWorld({ rules: incidentRules(more, warning), groups: ON_CALL, ...options });
  room = incidentsOf(world);
  story = storyOf(world);
  await world.start();
};

/** An incident by Rita, with Oscar and Ada in its channel. */
const incident = async (name: string, isPrivate = false): Promise<void> => {
  const { slack } = world;
  slack.as('rita').createChannel(name, { isPrivate });
  for (const who of ['oscar', 'ada', 'olga']) slack.as('rita').invite(name, who);
  if (isPrivate) slack.as('rita').invite(name, 'bot');
  await room.prompt(name, 'read now');
};

const readNow = async (name: string): Promise<void> => {
  await world.slack.as('oscar').click(await room.prompt(name, 'read now'), 'incident_read');
  await room.prompt(name, '🟢 oscar · *Orders database · Read only* · until');
};

/** Ada asks, and Olga, who owns it, agrees in the channel of the incident or of the target. */
const adaReads = async (name: string): Promise<void> => {
  const { slack } = world;
  await slack.as('ada').command('/prod-access', 'orders-db read 30m look at the stuck orders', name);
  const asked = await story.inChannel('look at the stuck orders');
  await slack.as('olga').click(asked, 'approve');
  await room.prompt(name, '🟢 ada · *Orders database · Read only* · until');
};

const logins = (n: number): Promise<unknown> =>
  until(async () => (await world.logins()).length === n, `${n} logins in the target`);

/** The messages of the access show its own end, and none that of the incident. */
const ownEndAgain = (who: string): Promise<unknown> =>
  world.slack.waitFor(
    () => {
      const own = world.slack.as(who).dmsWithApp();
      const granted = own.filter(({ text }) => text.startsWith("You're in: "));
      return granted.length > 0 && own.every((message) => !/, with the incident[*.]/.test(seen(message)));
    },
    { what: `the own end of ${who}'s access` },
  );

const grants = () =>
  world.sql<{ state: string; cause: string | null }>(
    `select state, end_cause as cause from grants order by created_at`,
  );

describe('the end of an incident', () => {
  it('warns, ends everything, and posts the timeline and its files once it is true', async () => {
    await open();
    await incident('inc-60-orders');
    await readNow('inc-60-orders');
    const { url } = await story.credentials('oscar');
    const { isCut } = await openSession(url);
    await world.slack.as('rita').command('/prod-access', 'incident close', 'inc-60-orders');
    await room.privately('rita', 'inc-60-orders', 'Access ends at');
    await room.said('inc-60-orders', 'Access that was taken for it ends at');
    expect(seen(await room.dm('oscar', 'Keep mine until it expires'))).toContain('inc-60-orders');
    await isCut;
    await logins(0);
    expect(await grants()).toEqual([{ state: 'removed', cause: 'incident_closed' }]);
    const told = await room.said('inc-60-orders', 'Timeline ·');
    expect(seen(told)).toContain('One person was in one target');
    expect(seen(told)).toContain('with the incident');
    const files = await world.slack.waitFor(() =>
      world.slack
        .as('rita')
        .thread('inc-60-orders', told.ts)
        .find((one) => one.files !== undefined),
    );
    expect(files?.files?.map(({ name }) => name)).toEqual(['timeline-inc-60-orders.md', 'timeline-inc-60-orders.json']);
    const [markdown, json] = [...world.slack.state.files.values()].map(({ bytes }) => bytes.toString());
    expect(markdown).toContain('# Incident');
    expect(JSON.parse(json ?? '')).toMatchObject({
      version: 1,
      access: [{ who: { name: 'oscar' }, outcome: 'ended' }],
    });
    await room.prompt('inc-60-orders', 'is closed');
    expect(seen(await room.prompt('inc-60-orders'))).toContain('No one has access through this incident any more');
    expect(seen(await room.said('inc-60-orders', 'has ended'))).not.toContain('Keep mine');
    expect(world.slack.state.files.size).toBe(2);
  });

  it('leaves what its holder keeps, where the rules allow it, and says who may not', async () => {
    await open({ warning: '10s' });
    await incident('inc-61-orders');
    await readNow('inc-61-orders');
    await adaReads('inc-61-orders');
    const { slack } = world;
    await slack.as('rita').command('/prod-access', 'incident close', 'inc-61-orders');
    for (const who of ['oscar', 'ada'] as const) {
      const granted = await room.dm(who, 'with the incident*');
      expect(granted.text).toMatch(/^You're in: .*, with the incident\.$/);
      // More time of its own would not make it last longer.
      expect(seen(granted)).not.toContain('+30 min');
    }
    await slack.as('ada').command('/prod-access', 'extend 30m', 'inc-61-orders');
    await room.privately('ada', 'inc-61-orders', 'more time of its own would change nothing');
    await slack.as('ada').command('/prod-access', 'list', 'inc-61-orders');
    await room.privately('ada', 'inc-61-orders', ', with the incident. Approved by');
    await slack.as('oscar').click(await room.dm('oscar', 'Keep mine until it expires'), 'keep_grant');
    await room.dm('oscar', 'Without the incident the rules would not give you this');
    await slack.as('ada').click(await room.dm('ada', 'Keep mine until it expires'), 'keep_grant');
    await room.dm('ada', 'stays yours');
    await ownEndAgain('ada');
    await room.prompt('inc-61-orders', '🟢 ada · *Orders database · Read only* · kept until');
    await logins(1);
    const told = await room.said('inc-61-orders', 'Timeline ·');
    expect(seen(told)).toContain('kept until');
    await slack.as('ada').command('/prod-access', 'done', 'inc-61-orders');
    await room.said('inc-61-orders', ', returned');
    expect(world.slack.state.files.size).toBe(2);
  });

  it('is told where the access was when the channel is archived, and nothing comes back when it is opened again', async () => {
    await open();
    await incident('inc-62-orders');
    await readNow('inc-62-orders');
    const { slack } = world;
    slack.as('rita').archive('inc-62-orders');
    await room.dm('oscar', 'Keep mine until it expires');
    await logins(0);
    const told = await room.said('prod-access', 'Timeline ·');
    await slack.waitFor(() =>
      slack
        .as('rita')
        .thread('prod-access', told.ts)
        .some((one) => one.files !== undefined),
    );
    slack.as('rita').unarchive('inc-62-orders');
    const prompt = await slack.waitFor(() => room.prompts('inc-62-orders')[1]);
    expect(seen(prompt)).toContain('No one has access through this incident.');
    await slack.waitFor(() => seen(room.prompts('inc-62-orders')[0] ?? prompt).includes('earlier message'));
    await untilRemoved(world);
    expect(await world.logins()).toEqual([]);
    await slack.as('oscar').click(prompt, 'incident_again');
    const form = await slack.waitFor(() =>
      JSON.stringify(slack.as('oscar').modal() ?? '').includes('On call, incident'),
    );
    expect(form).toBe(true);
    expect((await slack.as('oscar').submit()).ok).toBe(true);
    await logins(1);
  });

  it('is told where the access was when the channel is archived before it could be told there, and not again when after', async () => {
    await open();
    await incident('inc-67-orders');
    await readNow('inc-67-orders');
    const { slack } = world;
    const { id } = slack
      .as('rita')
      .channels()
      .find(({ name }) => name === 'inc-67-orders') ?? { id: '' };
    await slack.as('rita').command('/prod-access', 'incident close', 'inc-67-orders');
    await room.dm('oscar', 'Keep mine');
    slack.faults.fail('chat.postMessage', 'is_archived', Number.POSITIVE_INFINITY);
    const refused = () =>
      slack
        .calls('chat.postMessage')
        .filter(({ args, answer }) => args['channel'] === id && answer['error'] === 'is_archived');
    await slack.waitFor(() => refused().some(({ args }) => JSON.stringify(args['metadata']).includes('"timeline"')), {
      what: 'a timeline that the channel does not take',
    });
    const isIdle = async (): Promise<boolean> =>
      (await world.sql(`select 1 from outbox where kind in ('incident', 'notify')`)).length === 0;
    await until(isIdle, 'the refusal to be taken in');
    slack.faults.clear();
    slack.as('rita').archive('inc-67-orders');
    await room.said('prod-access', 'Timeline ·');
    await slack.waitFor(() => slack.state.files.size === 2);

    await incident('inc-68-orders');
    await readNow('inc-68-orders');
    await slack.as('rita').command('/prod-access', 'incident close', 'inc-68-orders');
    const noted = `select 1 from messages where kind = 'files' and ts is not null`;
    await until(async () => (await world.sql(noted)).length === 2, 'both timelines');
    slack.as('rita').archive('inc-68-orders');
    await until(
      async () => (await world.sql('select 1 from incidents where is_archived')).length === 2 && (await isIdle()),
      'the archive to be taken in',
    );
    const told = slack
      .as('rita')
      .messages('prod-access')
      .filter((one) => seen(one).includes('Timeline ·'));
    expect(told.map((one) => seen(one).includes('inc-68'))).toEqual([false]);
  });

  it('is said in a channel that comes back from the archive closed, and its timeline is not told a second time', async () => {
    await open();
    await incident('inc-69-orders');
    await readNow('inc-69-orders');
    const { slack } = world;
    slack.faults.delayEvents(1_000);
    slack.as('rita').rename('inc-69-orders', 'inc-69-orders-closed');
    slack.as('rita').archive('inc-69-orders-closed');
    slack.faults.clear();
    const noted = `select 1 from messages where kind = 'files' and ts is not null`;
    await until(async () => (await world.sql(noted)).length === 1, 'the timeline');
    expect(seen(await room.prompt('inc-69-orders-closed'))).toContain('Open since');
    slack.as('rita').unarchive('inc-69-orders-closed');
    expect(seen(await room.prompt('inc-69-orders-closed', 'is closed'))).toContain('No one has access');
    const waiting = `select 1 from outbox where kind = 'incident'`;
    await until(async () => (await world.sql(waiting)).length === 0, 'all of it to be drawn');
    expect(
      slack
        .as('rita')
        .messages('inc-69-orders-closed')
        .filter((one) => seen(one).includes('Timeline ·')),
    ).toEqual([]);
  });

  it('stays among its holders when the incident was private', async () => {
    await open();
    await incident('inc-63-leak', true);
    await readNow('inc-63-leak');
    const { slack } = world;
    slack.as('rita').archive('inc-63-leak');
    await logins(0);
    await room.dm('oscar', 'Timeline ·');
    expect(
      slack
        .as('rita')
        .messages('prod-access')
        .filter((one) => seen(one).includes('Timeline')),
    ).toEqual([]);
  });

  it('is called off by opening it again in time', async () => {
    await open({ warning: '1m' });
    await incident('inc-64-orders');
    await readNow('inc-64-orders');
    const { slack } = world;
    await slack.as('rita').command('/prod-access', 'incident close', 'inc-64-orders');
    await room.dm('oscar', 'with the incident*');
    slack.as('oscar').openHome();
    await slack.waitFor(() => JSON.stringify(slack.as('oscar').home() ?? '').includes('with the incident'));
    await room.dm('oscar', 'Keep mine until it expires');
    await slack.as('rita').command('/prod-access', 'incident reopen', 'inc-64-orders');
    await room.dm('oscar', 'nothing ends because of it');
    await ownEndAgain('oscar');
    await room.prompt('inc-64-orders', '🟢 oscar');
    expect(await world.logins()).toHaveLength(1);
  });

  it('says what does not end, and posts the files when it has', async () => {
    await open();
    await incident('inc-65-orders');
    await readNow('inc-65-orders');
    const manager = new URL(world.target.managerUrl).username;
    await world.targetSql(`alter role ${manager} nologin`);
    await world.targetSql(`select pg_terminate_backend(pid) from pg_stat_activity where usename = $1`, [manager]);
    await world.slack.as('rita').command('/prod-access', 'incident close', 'inc-65-orders');
    const stuck = await room.said('inc-65-orders', 'not ended yet', { timeoutMs: 60_000 });
    expect(world.slack.state.files.size).toBe(0);
    expect(await world.logins()).toHaveLength(1);
    await world.targetSql(`alter role ${manager} login`);
    await logins(0);
    await world.slack.waitFor(() => world.slack.state.files.size === 2);
    const told = await room.said('inc-65-orders', 'with the incident');
    expect(told.ts).toBe(stuck.ts);
  });

  it('happens on time while Slack is down, and is told afterwards', async () => {
    await open({ warning: '3s' });
    await incident('inc-66-orders');
    await readNow('inc-66-orders');
    await world.slack.as('rita').command('/prod-access', 'incident close', 'inc-66-orders');
    await room.dm('oscar', 'Keep mine until it expires');
    await world.slack.faults.down(503);
    await logins(0);
    await world.slack.faults.up();
    await room.said('inc-66-orders', 'Timeline ·');
    await world.slack.waitFor(() => world.slack.state.files.size === 2);
    expect(await grants()).toEqual([{ state: 'removed', cause: 'incident_closed' }]);
  });
});

describe('what happens at the same time', () => {
  it('access that is being made while the incident closes is ended as well', async () => {
    await open({ warning: '1s' });
    await incident('inc-70-orders');
    const { slack } = world;
    const held = await world.targetSql<{ n: string }>('select 1 as n');
    expect(held).toHaveLength(1);
    await withClient(world.target.url, async (client) => {
      // Whoever makes a login waits for this table of the catalogue; the incident closes meanwhile.
      await client.query('begin');
      await client.query('lock table pg_catalog.pg_authid in share mode');
      await slack.as('oscar').click(await room.prompt('inc-70-orders', 'read now'), 'incident_read');
      await until(async () => (await grants()).some(({ state }) => state === 'activating'), 'the grant');
      await slack.as('rita').command('/prod-access', 'incident close', 'inc-70-orders');
      await until(
        async () => (await world.sql('select 1 from incidents where ended_at is not null')).length > 0,
        'the end of the incident',
      );
      await client.query('commit');
    });
    await until(
      async () => (await grants()).every(({ state }) => state === 'removed' || state === 'failed'),
      'the end',
    );
    await untilRemoved(world);
    expect(await world.logins()).toEqual([]);
    await room.said('inc-70-orders', 'Timeline ·');
  });

  it('of two incidents on one target, ending one leaves the access of the other', async () => {
    await open({ warning: '1s' });
    await incident('inc-71-orders');
    await incident('inc-72-orders');
    await readNow('inc-71-orders');
    await adaReads('inc-72-orders');
    await world.slack.as('rita').command('/prod-access', 'incident close', 'inc-71-orders');
    await room.said('inc-71-orders', 'Timeline ·');
    expect(await world.logins()).toHaveLength(1);
    const other = seen(await room.prompt('inc-72-orders'));
    expect(other).toContain('🟢 ada');
    expect(other).not.toContain('oscar ·');
  });
});

it('is shown at any time to whoever asks in the channel, with the files sent to them directly', async () => {
  await open();
  await incident('inc-73-orders');
  await readNow('inc-73-orders');
  const { slack } = world;
  await slack.as('ada').command('/prod-access', 'incident timeline', 'inc-73-orders');
  const shown = await room.privately('ada', 'inc-73-orders', 'Timeline ·');
  expect(seen(shown)).toContain('still active until');
  const sent = await room.dm('ada', 'The timeline of');
  await slack.waitFor(() => slack.state.files.size === 2);
  expect(sent.ephemeralFor).toBeUndefined();
  await slack.as('rita').command('/prod-access', 'incident sev1', 'inc-73-orders');
  await room.prompt('inc-73-orders', 'sev1');
  await slack.as('rita').command('/prod-access', 'incident clsoe', 'inc-73-orders');
  await room.privately('rita', 'inc-73-orders', 'is no severity');
});
