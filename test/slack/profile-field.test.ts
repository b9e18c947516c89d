import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProfileField } from '../../sandbox/src/slack/config.ts';
import { createLog } from '../../src/lib/log.ts';
import { examineSlack } from '../../src/slack/examine.ts';
import { managerFieldOf } from '../../src/domain/principals/profile-field.ts';
import { startSlack } from '../support/slack.ts';
import type { Slack } from '../support/slack.ts';
import { POLICY, policyOf } from './rig.ts';

let slack: Slack;
beforeAll(async () => {
  slack = await startSlack();
});
afterAll(() => slack.close());

const policy = policyOf(`manager_field: Manager\n${POLICY}`);
const found = async (...fields: ProfileField[]): Promise<string[]> => {
  slack.state.profileFields = fields;
  const { botToken, apiUrl } = slack;
  const log = createLog('silent');
  const { findings } = await examineSlack({ botToken, apiUrl, appToken: null, policy, keptChannels: null, log });
  return findings.flatMap(({ level, code, message }) =>
    code.includes('manager_field') ? [`${level} ${code}: ${message}`] : [],
  );
};
const MANAGER: ProfileField = { id: 'Xf1', label: 'Manager', type: 'user' };

test.each([
  [
    'is missing',
    [{ id: 'Xf9', label: 'Boss' }],
    /^error no_manager_field: .*"Manager".* none of this workspace.*: Boss \(Xf9\)\.$/,
  ],
  ['is there twice', [MANAGER, { ...MANAGER, id: 'Xf2', isScim: true }], /^error no_manager_field: .* write its id/],
  ['names no account', [{ ...MANAGER, type: 'text', isScim: true }], /^error no_manager_field: .* of the type text/],
  ['is open to members', [MANAGER], /^warning manager_field_open: .* may be edited by members/],
] satisfies [string, ProfileField[], RegExp][])(
  'doctor says that the field of the manager %s',
  async (_, fields, said) => {
    expect(await found(...fields)).toEqual([expect.stringMatching(said)]);
  },
);

test('doctor says nothing of a field that only admins or the identity provider fill', async () => {
  expect(await found({ ...MANAGER, isProtected: true })).toEqual([]);
  expect(await found({ ...MANAGER, isScim: true })).toEqual([]);
});

test('a label that two fields have names neither, and an id names one', () => {
  const fields = [
    { id: 'Xf1', label: 'manager', value: 'U1' },
    { id: 'Xf2', label: 'Manager', value: 'U2' },
    { id: 'Xf3', label: 'Xf1', value: 'U3' },
  ];
  expect(managerFieldOf('Manager', fields)).toBeNull();
  expect(managerFieldOf('xf2', fields)?.value).toBe('U2');
  expect(managerFieldOf('Xf1', fields)?.value).toBe('U1');
  expect(managerFieldOf('Boss', fields)).toBeNull();
});
