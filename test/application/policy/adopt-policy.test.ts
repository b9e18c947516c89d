/** Which policy is in force is recorded once for all processes; admins are notified of each change and of each file that was refused. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AdoptInput, PolicyChanges } from '../../../src/application/policy/adopt-policy.ts';
import type { ListChange } from '../../../src/domain/policy/list-changes.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const [FIRST, SECOND] = [policyOf(), policyOf('channels: ["inc-*"], warning: 2s')];

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(FIRST);
});
afterEach(() => rig.close());

const changesOf = (differences: string[] | null, lists: ListChange[] = [], isListsOnly = false): PolicyChanges => ({
  differences,
  lists,
  isListsOnly,
});

const adopt = (source: string, changes: Partial<AdoptInput> = {}, verbs = rig.useCases) =>
  verbs.adoptPolicy({
    source,
    author: null,
    warnings: [],
    misfits: [],
    changesFrom: (before) => changesOf(before && [`Not as in "${before.source}"`]),
    ...changes,
  });
type Notice = { kind: string; lines: string[]; closing: string | null };
const notices = async (): Promise<Notice[]> =>
  (await rig.pool.query<Notice>('select kind, lines, closing from announcements order by created_at, id')).rows;
const loaded = async () => (await rig.events()).filter(({ type }) => type === 'policy.loaded').map(({ data }) => data);

test('the first policy is recorded, and is no change to notify of', async () => {
  await adopt('first', { warnings: ['Nobody reviews.'] });
  const data = { sha256: FIRST.sha256, before: null, differences: null, warnings: ['Nobody reviews.'], author: null };
  expect(await loaded()).toMatchObject([data]);
  expect(await notices()).toEqual([]);
});

test('a change is recorded and notified once, whichever process reads the file first', async () => {
  await adopt('first');
  rig.setPolicy(SECOND);
  await Promise.all([adopt('second'), adopt('second', {}, rig.other), adopt('second')]);
  await adopt('second');
  expect((await loaded()).map(({ before }) => before)).toEqual([null, FIRST.sha256]);
  expect(await notices()).toEqual([{ kind: 'policy_adopted', lines: ['Not as in "first"'], closing: null }]);
});

test('the notice says who changed it, what cannot be granted, what differs, and the warnings, in this order', async () => {
  await adopt('first');
  rig.setPolicy(SECOND);
  const author = { by: 'Dana <!channel>', revision: '1a2b3c4', subject: 'Let *SREs* read', isEdited: false };
  const misfits = Array.from({ length: 10 }, (_, n) => ({ target: `db-${n}`, roles: ['read'], problem: 'No group.' }));
  await adopt('second', { author, misfits, warnings: ['Nobody reviews.'] });
  const [{ lines } = { lines: [] }] = await notices();
  expect(lines[0]).toBe('Changed by Dana <!channel> in 1a2b3c4: Let *SREs* read');
  expect(lines.slice(1, 9)).toEqual(misfits.slice(0, 8).map(({ target }) => `${target}: cannot grant read: No group.`));
  expect(lines.slice(9)).toEqual([
    '2 more targets or roles cannot be granted; the log has them',
    'Not as in "first"',
    'Warning: Nobody reviews.',
  ]);
});

test.each([
  [
    'what cannot be compared',
    { changesFrom: () => changesOf(null) },
    'What changed cannot be said: the policy before can no longer be read.',
  ],
  ['a change of comments only', { changesFrom: () => changesOf([]) }, 'Nothing that decides was changed'],
  [
    'a file that was edited and not committed',
    { author: { by: 'Dana', revision: '1a2b3c4', subject: null, isEdited: true } },
    'Changed since commit 1a2b3c4, and not committed: who did it is not known',
  ],
])('%s is said so', async (_, changes, line) => {
  await adopt('first');
  rig.setPolicy(SECOND);
  await adopt('second', changes);
  expect((await notices())[0]?.lines).toContain(line);
});

describe('a file that was refused', () => {
  const problems = ['latchkey.yml:3: rules must be a list'];
  const reject = (lines = problems) => rig.useCases.rejectPolicy({ problems: lines });
  const rejected = async () => (await rig.events()).filter(({ type }) => type === 'policy.rejected');

  test('is recorded with its problems and notified once, and the policy before stays', async () => {
    await adopt('first');
    await Promise.all([reject(), rig.other.rejectPolicy({ problems })]);
    expect((await rejected())[0]?.data).toEqual({ kept: FIRST.sha256, problems });
    expect(await notices()).toEqual([{ kind: 'policy_rejected', lines: problems, closing: null }]);
    await reject(['latchkey.yml:9: another']);
    expect(await notices()).toHaveLength(2);
  });

  test('may have any number of problems: the first fifty are kept', async () => {
    await adopt('first');
    await reject(Array.from({ length: 500 }, (_, n) => `latchkey.yml:${n}: bad`));
    expect((await rejected())[0]?.data['problems']).toHaveLength(50);
  });

  test('is settled by the next good one, be it the one before', async () => {
    await adopt('first');
    await reject();
    await adopt('first');
    expect((await notices())[0]?.closing).toBe('The policy file was corrected, and is in force.');
    expect(await loaded()).toHaveLength(1);
  });
});

test('a newer policy settles the notice of the one before', async () => {
  await adopt('first');
  rig.setPolicy(SECOND);
  await adopt('second');
  rig.setPolicy(FIRST);
  await adopt('third');
  expect((await notices()).map(({ closing }) => closing)).toEqual(['A newer policy is in force.', null]);
});

test('a list of targets that changed alone is recorded and notified as that, and no policy as new', async () => {
  await adopt('first');
  rig.setPolicy(SECOND);
  const names = Array.from({ length: 120 }, (_, n) => `shop-${n}`);
  const change = { list: 'shops', sha256: 'aa', targets: 121, added: names, removed: ['shop-old'], changed: [] };
  await adopt('second', { changesFrom: () => changesOf([], [change], true), warnings: ['One is left out.'] });
  const [found] = (await rig.events()).filter(({ type }) => type === 'targets.found');
  expect(found?.data).toMatchObject({ list: 'shops', policy: SECOND.sha256, targets: 121, added: 120, removed: 1 });
  expect(found?.data['addedNames']).toHaveLength(100);
  expect(found?.data['removedNames']).toEqual(['shop-old']);
  const line =
    'List shops: 120 added (shop-0, shop-1, shop-2, shop-3, shop-4, …), 1 removed (shop-old); 121 targets in all';
  expect(await notices()).toEqual([
    { kind: 'targets_found', lines: [line, 'Warning: One is left out.'], closing: null },
  ]);
  expect(await loaded()).toHaveLength(2);
});
