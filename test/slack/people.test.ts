import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Person } from '../../src/domain/principals/person.ts';
import { createLoader } from '../../src/lib/loader.ts';
import { codeOf } from '../support/refusal.ts';
import { POLICY, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ slack: { otherTeams: [{ id: 'T0OTHER', name: 'Other', domain: 'other' }] } });
});
afterEach(() => rig.stop());

const ada = (): Promise<Person> => rig.directory.person('U0ADA');
const names = (people: Person[]): string[] => people.map(({ userId }) => userId).sort();
const group = (name: string) => [{ kind: 'group' as const, name }];

describe('a person', () => {
  it('is bound to user and team, and read now', async () => {
    expect(await ada()).toMatchObject({
      id: `${rig.slack.state.team.id}:U0ADA`,
      email: 'ada@acme.test',
      isActive: true,
    });
    rig.slack.changePerson('ada', { isDeleted: true });
    expect(await codeOf(ada())).toBe('inactive_person');
  });

  it('who is unknown, foreign, a bot or a guest is unknown', async () => {
    rig.slack.addPerson({ id: 'U0STRANGE', name: 'strange', teamId: 'T0OTHER' });
    rig.slack.addPerson({ id: 'U0BOT', name: 'robot', isBot: true });
    expect(await codeOf(rig.directory.person('U0NOBODY'))).toBe('unknown_person');
    expect(await codeOf(rig.directory.person('U0STRANGE'))).toBe('unknown_person');
    expect(await codeOf(rig.directory.person('U0BOT'))).toBe('unknown_person');
    expect(await codeOf(rig.directory.person(rig.slack.app.botUserId))).toBe('unknown_person');
  });

  it('who cannot be looked up is nobody, and it says what failed', async () => {
    rig.slack.faults.fail('users.info', 'internal_error', 5);
    expect(await codeOf(ada())).toBe('lookup_failed');
    rig.slack.faults.clear();
    await rig.slack.faults.down(503);
    expect(await codeOf(ada())).toBe('lookup_failed');
    await rig.slack.faults.up();
  });
});

describe('a group', () => {
  it('of a Slack user group is who is in it now', async () => {
    const requester = await ada();
    expect(names(await rig.directory.members(group('sre'), requester))).toEqual(['U0RITA']);
    rig.slack.setUsergroup('sre', ['rita', 'oscar']);
    expect(names(await rig.directory.members(group('sre'), requester))).toEqual(['U0OSCAR', 'U0RITA']);
    expect(names(await rig.directory.recentMembers(group('sre'), requester))).toEqual(['U0OSCAR', 'U0RITA']);
  });

  it('is remembered by no process for itself, not even for what is shown', async () => {
    const requester = await ada();
    await rig.directory.recentMembers(group('sre'), requester);
    rig.slack.setUsergroup('sre', ['oscar']);
    expect(names(await rig.directory.recentMembers(group('sre'), requester))).toEqual(['U0OSCAR']);
    expect(names(await rig.directory.members(group('sre'), requester))).toEqual(['U0OSCAR']);
  });

  it('of addresses counts whom Slack resolves to that very account, and nobody deactivated', async () => {
    const requester = await ada();
    expect(names(await rig.directory.members(group('dba'), requester))).toEqual(['U0OLGA', 'U0SAM']);
    rig.slack.changePerson('olga', { isDeleted: true });
    expect(names(await rig.directory.members(group('dba'), requester))).toEqual(['U0SAM']);
    const sam = await rig.directory.person('U0SAM');
    expect(await rig.directory.groupsOf(sam)).toMatchObject({ groups: ['dba', 'security'], unknownGroups: [] });
    rig.slack.changePerson('rita', { email: 'sam@acme.test' });
    rig.slack.changePerson('sam', { email: 'old@acme.test' });
    expect(await rig.directory.groupsOf(sam)).toMatchObject({ groups: [], unknownGroups: [] });
  });

  it('is read alone: only the named ones, and none holds up the others', async () => {
    const sam = await rig.directory.person('U0SAM');
    const before = rig.slack.calls('usergroups.list').length;
    expect(await rig.directory.groupsOf(sam, ['security'])).toMatchObject({ groups: ['security'], unknownGroups: [] });
    expect(rig.slack.calls('usergroups.list')).toHaveLength(before);
    rig.slack.faults.fail('usergroups.list', 'internal_error', 5);
    expect(await rig.directory.groupsOf(sam, ['security', 'sre', 'nonsense'])).toMatchObject({
      groups: ['security'],
      unknownGroups: ['sre', 'nonsense'],
    });
  });

  it('counts nobody by an address that two accounts carry', async () => {
    const requester = await ada();
    rig.slack.addPerson({ id: 'U0SAM2', name: 'sam2', email: 'sam@acme.test' });
    const [sam, twin] = await Promise.all([rig.directory.person('U0SAM'), rig.directory.person('U0SAM2')]);
    expect(names(await rig.directory.members(group('security'), requester))).toEqual([]);
    expect((await rig.directory.groupsOf(sam)).groups).toEqual([]);
    expect((await rig.directory.groupsOf(twin)).groups).toEqual([]);
    rig.slack.changePerson('sam2', { isDeleted: true });
    expect(names(await rig.directory.members(group('security'), requester))).toEqual(['U0SAM']);
  });

  it('that Slack does not know, or that needs another service, fails and says so', async () => {
    const requester = await ada();
    rig.setPolicy(POLICY.replace('slack_usergroup: sre', 'slack_usergroup: gone'));
    expect(await codeOf(rig.directory.members(group('sre'), requester))).toBe('lookup_failed');
    rig.setPolicy(POLICY.replace('slack_usergroup: sre', 'pagerduty_schedule: PABC123'));
    expect(await codeOf(rig.directory.members(group('sre'), requester))).toBe('lookup_failed');
    expect((await rig.directory.groupsOf(requester)).unknownGroups).toEqual(['sre']);
  });

  it('is read in a few calls by a burst of a hundred clicks', async () => {
    const requester = await ada();
    const before = rig.slack.calls('usergroups.list').length;
    await Promise.all(Array.from({ length: 100 }, () => rig.directory.members(group('sre'), requester)));
    expect(rig.slack.calls('usergroups.list').length - before).toBeLessThanOrEqual(2);
  });
});

describe('a shared look-up', () => {
  it('never answers with what was read before the question', async () => {
    let value = 0;
    const gates: (() => void)[] = [];
    const loader = createLoader(async () => {
      const read = value;
      await new Promise<void>((resolve) => gates.push(resolve));
      return read;
    }, 60_000);
    const first = loader.fresh('all');
    await Promise.resolve();
    await Promise.resolve();
    value = 1;
    const [second, third] = [loader.fresh('all'), loader.fresh('all')];
    gates.shift()?.();
    expect(await first).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(gates).toHaveLength(1);
    gates.shift()?.();
    expect(await Promise.all([second, third])).toEqual([1, 1]);
  });

  it('that fails fails those who asked, and nobody after them', async () => {
    let isBroken = true;
    const loader = createLoader(() => (isBroken ? Promise.reject(new Error('no')) : Promise.resolve(1)), 60_000);
    await expect(loader.fresh('all')).rejects.toThrow('no');
    isBroken = false;
    expect(await loader.fresh('all')).toBe(1);
    isBroken = true;
    expect(await loader.recent('all')).toBe(1);
  });
});
