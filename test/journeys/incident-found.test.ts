/** In the whole app: words that are found in an incident's channel let nobody in, and opening again keeps nobody in. */
import { afterEach, describe, expect, it } from 'vitest';
import { incidentRules, incidentsOf, ON_CALL } from '../support/incident.ts';
import type { Incidents } from '../support/incident.ts';
import { until, untilRemoved } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
let room: Incidents;
afterEach(() => world.stop());

const SEV1 = `rules:
  - name: On-call writes at once when it is worst
    match: { roles: ["*/write"] }
    when: '"on-call" in requester.groups && incident.open && incident.severity == "sev1"'
    approve: true`;

const open = async (more = ', open_by: [security]', warning = '6s'): Promise<void> => {
  const rules = incidentRules(more, warning)
    .replace('rules:', SEV1)
    .replace(/ {4}require: .*\n/, '');
  world = await startWorld({ rules, groups: ON_CALL });
  room = incidentsOf(world);
  await world.start();
};

type Row = { type: string; actor: string; data: string };
const whoOf = (actor: string): string => {
  const { kind, name } = JSON.parse(actor) as { kind: string; name?: string };
  return name ?? kind;
};
const incidentEvents = async (): Promise<Row[]> =>
  (await world.sql<Row>(`select type, actor, data from audit_events where type like 'incident.%' order by id`)).map(
    ({ type, actor, data }) => ({ type, actor: whoOf(actor), data }),
  );
const requests = () => world.sql<{ state: string }>('select state from requests order by created_at');
const write = (who: string, channel: string) =>
  world.slack.as(who).command('/prod-access', 'orders-db write 15m repair the stuck orders of today', channel);

/** Sam may open incidents, Oscar may not and is on call. */
const samOpens = async (name: string): Promise<void> => {
  const sam = world.slack.as('sam');
  sam.createChannel(name);
  sam.invite(name, 'oscar');
  await room.prompt(name, 'Request access', { who: 'sam' });
};

const find = (what: string) =>
  until(async () => (await incidentEvents()).some(({ type }) => type === what), `${what} in the audit log`);

describe('words that Oscar left in the channel of Sam’s incident', () => {
  it.each(['topic', 'purpose', 'name'] as const)(
    'as its %s are not Sam’s when Sam looks at it: nobody gets in by them, and the record names nobody',
    async (what) => {
      await open();
      await samOpens('inc-80');
      const { slack } = world;
      await slack.as('oscar').command('/prod-access', 'incident sev1', 'inc-80');
      await room.privately('oscar', 'inc-80', 'security');
      const channel = [...slack.state.channels.values()].find(({ name }) => name === 'inc-80');
      if (!channel) throw new Error('no channel');
      // With the scopes of the manifest no event tells of a topic or a purpose.
      const words = what === 'name' ? 'inc-80-sev1' : 'checkout is slow, sev1';
      Object.assign(channel, { [what]: words, updatedMs: Date.now() });
      await slack.as('sam').command('/prod-access', 'incident', channel.name);
      await find(what === 'name' ? 'incident.renamed' : `incident.${what}`);
      await room.privately('sam', channel.name, 'is open');
      await write('oscar', channel.name);
      await until(async () => (await requests()).length === 1, 'the request');
      expect(await requests()).toEqual([{ state: 'pending' }]);
      await untilRemoved(world);
      expect(await world.logins()).toEqual([]);
      const events = await incidentEvents();
      expect(events.filter(({ type }) => type === 'incident.severity')).toEqual([]);
      const found = events.filter(({ type }) => type !== 'incident.refused' && type !== 'incident.opened');
      expect(found).toHaveLength(1);
      expect(found.map(({ actor }) => actor)).not.toContain('sam');
    },
  );

  it('count once Sam says them', async () => {
    await open();
    await samOpens('inc-81');
    world.slack.as('oscar').setTopic('inc-81', 'checkout is slow, sev1');
    await world.slack.as('sam').command('/prod-access', 'incident sev1', 'inc-81');
    await room.privately('sam', 'inc-81', 'is sev1 now');
    await write('oscar', 'inc-81');
    await until(async () => (await world.logins()).length === 1, 'the login');
    const said = (await incidentEvents()).filter(({ type }) => type === 'incident.severity');
    expect(said).toMatchObject([{ actor: 'sam' }]);
  });

  it('are Oscar’s by the notice that Slack posts of them, and Sam’s are Sam’s', async () => {
    await open();
    await samOpens('inc-82');
    world.slack.as('oscar').setTopic('inc-82', 'sev1');
    await find('incident.topic');
    await write('oscar', 'inc-82');
    await until(async () => (await requests()).length === 1, 'the request');
    expect(await requests()).toEqual([{ state: 'pending' }]);
    world.slack.as('sam').setTopic('inc-82', 'sev1 indeed');
    await find('incident.severity');
    const events = (await incidentEvents()).filter(({ type }) => type !== 'incident.opened');
    expect(events.map(({ type, actor }) => [type, actor])).toEqual([
      ['incident.topic', 'oscar'],
      ['incident.topic', 'sam'],
      ['incident.severity', 'sam'],
    ]);
  });
});

describe('showing an incident', () => {
  it('confirms nothing; saying so does', async () => {
    await open();
    const { slack } = world;
    slack.as('oscar').createChannel('inc-83');
    slack.as('oscar').invite('inc-83', 'sam');
    await room.prompt('inc-83', 'Not confirmed yet', { who: 'sam' });
    await slack.as('sam').command('/prod-access', 'incident', 'inc-83');
    await room.privately('sam', 'inc-83', 'not confirmed');
    expect((await incidentEvents()).map(({ type, actor }) => [type, actor])).toEqual([['incident.opened', 'oscar']]);
    await slack.as('sam').command('/prod-access', 'incident confirm', 'inc-83');
    await room.privately('sam', 'inc-83', 'is confirmed');
    await slack.waitFor(() => room.prompts('inc-83', 'sam').every((one) => !seen(one).includes('Not confirmed yet')));
  });
});

describe('opening again by a person who may not open incidents', () => {
  it('leaves access to end as planned, and gives no say over that of others', async () => {
    await open(', open_by: [security], keep_by: [security]');
    await samOpens('inc-84');
    const { slack } = world;
    await slack.as('oscar').click(await room.prompt('inc-84', 'read now', { who: 'sam' }), 'incident_read');
    await until(async () => (await world.logins()).length === 1, 'the login');
    await slack.as('sam').command('/prod-access', 'incident close', 'inc-84');
    await room.privately('sam', 'inc-84', 'is closed');
    await slack.as('oscar').command('/prod-access', 'incident reopen', 'inc-84');
    await room.privately('oscar', 'inc-84', 'You may not open incidents');
    await until(async () => (await world.logins()).length === 0, 'no login in the target');
    await until(
      async () =>
        (await world.sql(`select 1 from grants where state = 'removed' and end_cause = 'incident_closed'`)).length ===
        1,
      'the end of the grant',
    );
    const all = await world.sql<{ state: string; by: string | null; isConfirmed: boolean }>(
      'select state, opened_by as by, confirmed_at is not null as "isConfirmed" from incidents order by opened_at',
    );
    expect(all).toEqual([
      { state: 'closed', by: expect.stringContaining('U0SAM') as string, isConfirmed: true },
      { state: 'open', by: null, isConfirmed: false },
    ]);
    await room.said('inc-84', 'Timeline ·', { who: 'sam' });
  });
});
