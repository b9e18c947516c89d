/** A group of an LDAP directory, end to end: requested in Slack, approved, in the group for real, and out again. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dnOf, groupOf, LATCHKEY, openDirectory, PEOPLE, type Directory } from '../providers/ldap/target.ts';
import { storyOf, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let directory: Directory;
let world: World;
let story: Story;

const ROLES = `
      read: { scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m }
  vpn:
    title: Production network
    provider: ldap
    config: { url: "\${LDAP_URL}", bind_dn: "${LATCHKEY}", bind_password: "\${LDAP_PASSWORD}", people: { base: "${PEOPLE}" } }
    identity: { user: "{local}" }
    owners: [dba]
    channel: "#prod-access"
    roles:
      in: { title: Network, scope: { group: "${groupOf('prod')}" }, max: 4h, default: 6s }
      had: { title: Own network, scope: { group: "${groupOf('own')}" }, max: 4h, default: 30m }`;

beforeAll(async () => {
  directory = await openDirectory();
  world = await startWorld({ roles: ROLES });
  const { url, bind_password: password } = directory.config;
  Object.assign(world.env, { LDAP_URL: url, LDAP_PASSWORD: password });
  story = storyOf(world);
  await world.start();
});
afterAll(async () => {
  await world.stop();
  await directory.stop();
});

const membersOf = (name: string): string[] => directory.slapd.values(groupOf(name), 'member');

test('requested, approved for the account that approvers read, in the group for real, and out at the expiry', async () => {
  const message = await story.ask('ada', 'vpn in 6s checkout errors after the release');
  expect(seen(message)).toContain(`Account in the target: ada (${dnOf('ada')})`);
  expect(seen(message)).toContain('Programs that read the group earlier');
  expect(seen(message)).not.toContain('Has it already');
  expect(membersOf('prod')).not.toContain(dnOf('ada'));
  await world.slack.as('olga').click(message, 'approve');
  await story.dm('ada', '*Active*');
  expect(membersOf('prod')).toContain(dnOf('ada'));
  await story.dm('ada', '*Ended*');
  expect(membersOf('prod')).not.toContain(dnOf('ada'));
  await untilRemoved(world);
  expect(await world.sql('select end_outcome, end_cause, had_already from grants')).toEqual([
    { end_outcome: 'removed', end_cause: 'expired', had_already: false },
  ]);
});

test('who was in the group before stays in it: approvers read that, and so does the requester at the end', async () => {
  const change = `dn: ${groupOf('own')}\nchangetype: modify\nadd: member\nmember: ${dnOf('ada')}\n`;
  directory.slapd.modify(change);
  const message = await story.ask('ada', 'vpn had 30m look at order 1183');
  expect(seen(message)).toContain('*Has it already:*');
  await world.slack.as('olga').click(message, 'approve');
  await story.dm('ada', '*Active*');
  await world.slack.as('ada').command('/prod-access', 'done', 'general');
  await story.dm('ada', 'The access itself stays: it was there before');
  expect(membersOf('own')).toContain(dnOf('ada'));
  const [recorded] = await world.sql<{ data: string }>(
    `select data from audit_events where type = 'grant.removed' order by id desc limit 1`,
  );
  expect(JSON.parse(recorded?.data ?? '{}')).toMatchObject({
    outcome: 'had_already',
    readback: { answer: 'held_before_the_grant' },
  });
});

test('who has no account there is refused with the reason, and no approver is asked', async () => {
  const before = world.slack.as('olga').messages('prod-access').length;
  directory.slapd.modify(`dn: ${dnOf('ada')}\nchangetype: modrdn\nnewrdn: uid=lovelace\ndeleteoldrdn: 1\n`);
  await world.slack.as('ada').command('/prod-access', 'vpn in 30m look at order 1183', 'general');
  await story.privately('ada', 'There is no account with uid "ada"');
  expect(world.slack.as('olga').messages('prod-access')).toHaveLength(before);
});
