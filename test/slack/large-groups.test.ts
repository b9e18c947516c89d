/** A user group of 2,000 members among 500 groups costs a few calls, within Slack's limits, and each decision after it none. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startRig } from './rig.ts';
import type { Rig } from './rig.ts';
import { cast } from '../support/slack.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MEMBERS = 2_000;
const GROUPS = 500;
const SRE = [{ kind: 'group', name: 'sre' } as const];

let rig: Rig;
beforeAll(async () => {
  const many = Array.from({ length: MEMBERS }, (_, index) => ({
    id: `U0M${index}`,
    name: `m${index}`,
    email: `m${index}@acme.test`,
  }));
  const members = many.map(({ name }) => name);
  const others = Array.from({ length: GROUPS - 1 }, (_, index) => ({
    id: `S0G${index}`,
    handle: `group-${index}`,
    members: members.slice(index, index + 20),
  }));
  rig = await startRig({
    slack: {
      users: [...cast.users, ...many],
      channels: cast.channels,
      usergroups: [{ id: 'S0SRE', handle: 'sre', members }, ...others],
    },
    isKept: true,
  });
  rig.slack.faults.beReal({ latencyMs: 5 });
});
afterAll(() => rig.stop());

const counts = (): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const { method, status } of rig.slack.calls()) {
    const key = status === 429 ? `${method} refused` : method;
    found[key] = (found[key] ?? 0) + 1;
  }
  return found;
};
const membersNow = async (): Promise<number> => (await rig.directory.members(SRE, null)).length;

test('its members are read from the list of accounts, by all who decide at once together', async () => {
  expect(await Promise.all(Array.from({ length: 20 }, membersNow))).toEqual(Array.from({ length: 20 }, () => MEMBERS));
  const { 'usergroups.list': groups, 'users.list': pages, ...others } = counts();
  expect(groups).toBe(1);
  expect(pages).toBeLessThanOrEqual(3);
  expect(Object.keys(others).filter((method) => method.startsWith('user'))).toEqual([]);
});

test('a member who leaves costs one call, and counts no more', async () => {
  expect(await membersNow()).toBe(MEMBERS);
  const before = rig.slack.deliveries('events_api').length;
  rig.slack.changePerson('m7', { isDeleted: true });
  await rig.slack.waitFor(() => rig.slack.deliveries('events_api').length > before, { what: 'the event' });
  expect(await membersNow()).toBe(MEMBERS - 1);
  expect(counts()['users.info']).toBe(1);
  expect(Object.keys(counts()).filter((key) => key.endsWith('refused'))).toEqual([]);
});
