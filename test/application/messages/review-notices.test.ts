/** A notice to admins says what became of it once it holds no more, no matter who fixed it; one that still holds stays. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PlaceLooks } from '../../../src/application/messages/review-places.ts';
import type { AdminNotificationKind, NoticeFacts } from '../../../src/application/record/admin-notification-ports.ts';
import { notifyAdmins } from '../../../src/application/record/notify-admins.ts';
import { newId } from '../../../src/lib/ids.ts';
import { CLIENT_SECTIONS } from '../../support/client-caller.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const NAMING = `rules:
  - { name: An owner agrees, approvals: [{ from: owners }] }
${CLIENT_SECTIONS.replace('refs:', 'channel: "#deploys", refs:')}admins: [sre, U0GHOST]`;

/** What is wrong, by channel or account. */
let wrong: Map<string, string>;
let looks: PlaceLooks;
let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf(undefined, NAMING));
  wrong = new Map();
  const problemOf = async (name: string) => {
    const why = wrong.get(name);
    if (why === 'down') throw new Error('Slack is down');
    return why ?? null;
  };
  looks = {
    isReady: () => true,
    channelId: async () => null,
    channel: async (channel) => ((await problemOf(channel)) === null ? null : { why: 'is not there', isTaken: false }),
    account: problemOf,
    tool: problemOf,
    group: async () => {},
  };
});
afterEach(() => rig.close());

const notify = (kind: AdminNotificationKind, facts: NoticeFacts | null) => {
  const about = facts?.kind === 'group' ? facts.origin : JSON.stringify(facts);
  const notice = { kind, about, lines: ['As it was.'], ...(facts && { facts }) };
  return rig.store.transaction((tx) => notifyAdmins(tx, { next: newId }, notice));
};
/** Each notice is looked at every few seconds while it is new: lets the next look come now. */
const review = async (verbs = [rig.useCases]): Promise<void> => {
  await rig.pool.query('update announcements set looked_at = null');
  await Promise.all(verbs.map((one) => one.reviewNotices(looks)));
};
type Notice = { lines: string[]; closing: string | null };
const notices = async (): Promise<Notice[]> =>
  (await rig.pool.query<Notice>('select lines, closing from announcements order by created_at, id')).rows;
const closings = async () => (await notices()).map(({ closing }) => closing);

describe('of a channel, an account, an address or a group it closes when that is well again', () => {
  test.each([
    {
      facts: { kind: 'lost_channel', channel: '#deploys' },
      kind: 'channel_gone',
      name: '#deploys',
      closing: 'Latchkey can post in #deploys again.',
    },
    {
      facts: { kind: 'account', ref: 'U0GHOST' },
      kind: 'account_gone',
      name: 'U0GHOST',
      closing: 'U0GHOST is there, and counts again.',
    },
  ] as const)('$name', async ({ facts, kind, name, closing }) => {
    await notify(kind, facts);
    wrong.set(name, 'is not there');
    await review();
    expect(await closings()).toEqual([null]);
    wrong.clear();
    await review();
    expect(await closings()).toEqual([closing]);
    expect((await rig.settle()).filter(({ kind: work }) => work === 'announce').length).toBeGreaterThan(0);
  });

  test('an address that one account carries', async () => {
    const conflicts = rig.directory.conflicts;
    rig.directory.conflicts = async () => [{ address: 'sam@acme.test', conflict: 'moved' }];
    await notify('email_conflict', { kind: 'address', address: 'sam@acme.test' });
    await review();
    expect(await closings()).toEqual([null]);
    rig.directory.conflicts = conflicts;
    await review();
    expect(await closings()).toEqual(['The address sam@acme.test names one account now, and counts again.']);
  });

  test('a group that can be read, and what waits is refreshed', async () => {
    const { request } = await rig.ask({ incidentChannelId: null });
    await rig.settle();
    await notify('group_gone', { kind: 'group', origin: 'slack:dba' });
    rig.failing.add('dba');
    await review();
    expect(await closings()).toEqual([null]);
    rig.failing.clear();
    await review();
    expect(await closings()).toEqual(['It can be read again, and counts again.']);
    expect((await rig.settle()).map(({ kind, subjectId }) => `${kind} ${subjectId}`)).toContain(`notify ${request.id}`);
  });
});

test('what the policy does not name any more is settled by that', async () => {
  await notify('channel_gone', { kind: 'lost_channel', channel: '#deploys' });
  await notify('account_gone', { kind: 'account', ref: 'U0GHOST' });
  await notify('group_gone', { kind: 'group', origin: 'slack:nobody' });
  await notify('user_group_moved', { kind: 'handle', handle: 'nobody', found: 'S0OTHER' });
  await notify('target_name_moved', { kind: 'target_name', target: 'orders-db', scope: { member_of: ['freed'] } });
  for (const name of ['#deploys', 'U0GHOST']) wrong.set(name, 'is not there');
  rig.setPolicy(policyOf());
  await review();
  expect(await closings()).toEqual([
    'The policy does not name #deploys any more.',
    'The policy does not name U0GHOST any more.',
    'The policy does not name it any more.',
    'The policy does not name the handle nobody any more.',
    'The policy says the scope in orders-db in another way now.',
  ]);
});

test('a look-up that fails leaves its own notice, and no other', async () => {
  await notify('channel_gone', { kind: 'lost_channel', channel: '#deploys' });
  await notify('account_gone', { kind: 'account', ref: 'U0GHOST' });
  wrong.set('#deploys', 'down');
  await review();
  expect(await closings()).toEqual([null, 'U0GHOST is there, and counts again.']);
});

test('several processes settle a notice once', async () => {
  await notify('account_gone', { kind: 'account', ref: 'U0GHOST' });
  await rig.settle();
  await review([rig.useCases, rig.other, rig.useCases]);
  await review([rig.useCases, rig.other]);
  expect((await rig.settle()).map(({ kind }) => kind)).toEqual(['announce']);
});

test('a notice of an older version, without facts, stays as it is', async () => {
  await notify('account_gone', null);
  await review();
  expect(await notices()).toEqual([{ lines: ['As it was.'], closing: null }]);
});

describe('of targets that cannot grant', () => {
  const PROBLEM = 'The group is missing.';
  const report = () =>
    rig.useCases.reportMisfits({
      misfits: ['orders-db', 'users-db'].map((target) => ({ target, roles: ['read'], problem: PROBLEM })),
    });
  const UNFIT = ['orders-db', 'users-db'].map((target) => `${target}: cannot grant read: ${PROBLEM}`);

  test('the line of one that is fixed says so, and says again what is wrong where it is not for long', async () => {
    for (const target of ['orders-db', 'users-db']) rig.problems.set(target, PROBLEM);
    await report();
    await review();
    expect(await notices()).toEqual([{ lines: UNFIT, closing: null }]);
    rig.problems.delete('users-db');
    await review();
    const fixed = 'users-db: fixed, it can grant read';
    expect(await notices()).toEqual([{ lines: [UNFIT[0], fixed], closing: null }]);
    rig.problems.set('users-db', PROBLEM);
    await review();
    expect(await notices()).toEqual([{ lines: UNFIT, closing: null }]);
  });

  test('it closes when all of it is fixed', async () => {
    await report();
    await review();
    expect(await closings()).toEqual(['All of it is fixed.']);
  });
});
