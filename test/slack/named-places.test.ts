/** Wherever the policy names a person, only the account it names gets anything; what is only like theirs counts against, never for. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mayBy } from '../../src/application/identity/named-among.ts';
import { namedPlaces } from '../../src/domain/policy/named-places.ts';
import { sourceOf } from '../../src/domain/policy/sources.ts';
import { namedPolicy } from '../support/named-policy.ts';
import { PERSON_PLACES } from '../support/person-places.ts';
import { codeOf } from '../support/refusal.ts';
import { POLICY, policyOf, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const KIM = 'kim@acme.test';
/** Named by her address in every place there is for a person. */
const NAMED = POLICY.replace('  sre: {', `  few: { people: [${KIM}] }\n  sre: {`)
  .replace('owners: [dba]', `owners: [dba, ${KIM}]`)
  .replace('admins: [security]', `admins: [security, ${KIM}]`)
  .replace(
    'rules:\n',
    `rules:
  - { name: Kim reads, match: { roles: ["orders-db/read"], people: [${KIM}] }, approve: true }
  - { name: Few read users, match: { roles: ["users-db/read"], groups: [few] }, approve: true }
`,
  )
  .concat(
    `break_glass: { who: [${KIM}], roles: ["*/*"], max: 1h, tell: [security], review_within: 1d, reviewers: [${KIM}, security] }
incidents: { channels: ["inc-*"], open_by: [${KIM}], keep_by: [${KIM}] }
`,
  );
const DENIED = POLICY.replace(
  'rules:\n',
  `rules:
  - { name: Not Kim, match: { roles: ["orders-db/read"], people: [${KIM}] }, deny: Not you. }
  - { name: Not the few, match: { roles: ["users-db/read"], groups: [few] }, deny: Not you. }
  - { name: Not her address, match: { roles: ["orders-db/write"] }, when: 'requester.email == "${KIM}"', deny: Not you. }
`,
).replace('  sre: {', `  few: { people: [${KIM}] }\n  sre: {`);

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
  rig.slack.addPerson({ id: 'U0KIM', name: 'kim', email: KIM });
});
afterEach(() => rig.stop());

const wanted = { durationMs: null, reason: 'checkout errors since two', ticket: 'OPS-1', idempotencyKey: null };
const outcomeOf = async (userId: string, target: string, role = 'read'): Promise<string> => {
  const result = await rig.useCases.createRequest({ ...wanted, userId, target, role });
  return result.outcome === 'sent' ? result.view.request.state : result.outcome;
};

/** What an account gets, place by place. */
const rightsOf = async (userId: string): Promise<Record<string, unknown>> => {
  const policy = policyOf(NAMED);
  const person = await rig.directory.person(userId);
  const may = (refs: readonly string[]) => mayBy(rig, { policy, person, refs, freshness: 'fresh' });
  const channel = { channelId: `C${userId}`, name: 'inc-1', topic: '', purpose: '', isPrivate: false };
  const asked = await rig.useCases.createRequest({ ...wanted, userId: 'U0ADA', target: 'orders-db', role: 'read' });
  if (asked.outcome !== 'sent') throw new Error('not sent');
  const vote = { userId, requestId: asked.view.request.id, kind: 'approve' as const, reason: null };
  return {
    people: await outcomeOf(userId, 'orders-db'),
    groups: await outcomeOf(userId, 'users-db'),
    group: await may(['few']),
    admin: await may(policy.admins),
    keep: await may(policy.incidents?.keepBy ?? []),
    member: (await rig.directory.members([{ kind: 'person', ref: KIM }], null)).some(({ id }) => id === person.id),
    vote: await codeOf(rig.useCases.vote(vote)),
    glass: await codeOf(rig.useCases.breakGlass({ ...wanted, userId, target: 'orders-db', role: 'read' })),
    opens: (await rig.useCases.openIncident({ userId, channel, severity: null })).isConfirmed,
    panic: await codeOf(rig.useCases.confirmAddress({ userId, address: 'ada@acme.test', personUserId: 'U0ADA' })),
  };
};

const NOTHING = {
  people: 'pending',
  groups: 'pending',
  group: 'no',
  admin: 'no',
  keep: 'no',
  member: false,
  vote: 'not_an_approver',
  glass: 'break_glass_who',
  opens: false,
  panic: 'admins_only',
};

describe('an account whose address is only like the one that the policy names', () => {
  it.each([
    ['a +tag', 'kim+eve@acme.test'],
    ['two tags', 'kim+a+b@acme.test'],
    ['a trailing dot', 'kim@acme.test.'],
    ['a dot inside', 'k.im@acme.test'],
    ['a Cyrillic letter', 'k\u0456m@acme.test'],
    ['the Kelvin sign', '\u212aim@acme.test'],
    ['a wide letter', '\uff4bim@acme.test'],
    ['another domain', 'kim@acme.test.evil.test'],
  ])('by %s gets nothing in any place', async (_what, email) => {
    rig.setPolicy(NAMED);
    rig.slack.addPerson({ id: 'U0EVE', name: 'eve', email });
    expect(await rightsOf('U0EVE')).toEqual(NOTHING);
    expect(await rig.directory.members([{ kind: 'group', name: 'few' }], null)).toMatchObject([{ userId: 'U0KIM' }]);
  });

  it('while the account that is named gets everything, in whatever case it is written', async () => {
    rig.setPolicy(NAMED.replaceAll(KIM, 'Kim@Acme.Test'));
    expect(await rightsOf('U0KIM')).toMatchObject({
      people: 'approved',
      groups: 'approved',
      group: 'yes',
      admin: 'yes',
      keep: 'yes',
      member: true,
      opens: true,
    });
  });

  it('by its case alone is a second holder of one address, which then names neither', async () => {
    rig.setPolicy(NAMED);
    await rig.directory.person('U0KIM');
    rig.slack.addPerson({ id: 'U0EVE', name: 'eve', email: 'KIM@acme.test' });
    expect(await rightsOf('U0EVE')).toEqual(NOTHING);
  });

  it.each(['kim+eve@acme.test', 'KIM+x@acme.test', 'kim@acme.test.'])(
    'is still denied what is denied to the one it is like: %s',
    async (email) => {
      rig.setPolicy(DENIED);
      rig.slack.addPerson({ id: 'U0EVE', name: 'eve', email });
      expect(await outcomeOf('U0EVE', 'orders-db')).toBe('denied');
      expect(await outcomeOf('U0EVE', 'users-db')).toBe('denied');
      expect(await outcomeOf('U0EVE', 'orders-db', 'write')).toBe('denied');
      expect(await outcomeOf('U0ADA', 'orders-db')).toBe('pending');
    },
  );

  it('is denied, without a tag, what is denied to a tagged address of the same mailbox', async () => {
    rig.setPolicy(DENIED.replaceAll(KIM, 'kim+ops@acme.test'));
    expect(await outcomeOf('U0KIM', 'orders-db')).toBe('denied');
    expect(await outcomeOf('U0KIM', 'users-db')).toBe('denied');
  });
});

describe('in every place of the schema that may name a person', () => {
  const LIKE = ['kim+eve@acme.test', 'kim@acme.test.', 'k.im@acme.test', '\u212aim@acme.test'];

  it('an account that is only like the one named is not among them, and the one named is', async () => {
    const eves = LIKE.map((email, index) => rig.slack.addPerson({ id: `U0EVE${index}`, name: `eve${index}`, email }));
    for (const place of PERSON_PLACES) {
      const policy = policyOf(namedPolicy({ [place]: KIM }));
      const refs = namedPlaces(policy).flatMap((named) => (named.kind === 'person' && named.ref === KIM ? [KIM] : []));
      expect([place, refs]).toEqual([place, [KIM]]);
      // A group is asked by its name.
      const asked = place === 'groups.*.people[]' ? ['dba'] : refs;
      rig.setPolicy(namedPolicy({ [place]: KIM }));
      const may = async (userId: string): Promise<string> =>
        mayBy(rig, { policy, person: await rig.directory.person(userId), refs: asked, freshness: 'fresh' });
      for (const { id } of eves) expect([place, id, await may(id)]).toEqual([place, id, 'no']);
      expect([place, await may('U0KIM')]).toEqual([place, 'yes']);
      const members = await rig.directory.members([sourceOf(policy, asked[0] ?? '')], null);
      expect([place, members.map(({ userId }) => userId)]).toEqual([place, ['U0KIM']]);
    }
  });
});
