/** An admin says whose an address is after it moved; until then it is not trusted, and no person says so about their own account. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf } from '../../support/refusal.ts';
import { POLICY, startRig } from '../../slack/rig.ts';
import type { Rig } from '../../slack/rig.ts';

const ADMINS = POLICY.replace('admins: [security]', 'admins: [security, U0OSCAR]');

let rig: Rig;
let database: pg.Client;
beforeEach(async () => {
  rig = await startRig({ policy: ADMINS });
  database = new pg.Client({ connectionString: rig.databaseUrl });
  await database.connect();
});
afterEach(async () => {
  await database.end();
  await rig.stop();
});

const ids = async (group = 'security'): Promise<string[]> =>
  (await rig.directory.members([{ kind: 'group', name: group }], null)).map(({ userId }) => userId).toSorted();
const move = (from: string, to: string, address: string): void => {
  rig.slack.changePerson(from, { email: `${from}.old@acme.test` });
  rig.slack.changePerson(to, { email: address });
};
/** Sam's address is seen at Sam and then at Rita. */
const moved = async (): Promise<void> => {
  await ids();
  move('sam', 'rita', 'sam@acme.test');
  expect(await ids()).toEqual([]);
};
const confirm = (userId: string, address: string, personUserId: string) =>
  rig.useCases.confirmAddress({ userId, address, personUserId });
const auditOf = async (type: string): Promise<Record<string, unknown>[]> =>
  (
    await database.query<{ data: string }>('select data from audit_events where type = $1 order by id', [type])
  ).rows.map(({ data }) => JSON.parse(data) as Record<string, unknown>);

describe('a confirmed address', () => {
  it('counts from then on, however it is written, and what waits is refreshed', async () => {
    const wanted = { userId: 'U0ADA', target: 'orders-db', role: 'read', durationMs: null, reason: 'checkout errors' };
    const sent = await rig.useCases.createRequest({ ...wanted, ticket: null, idempotencyKey: null });
    if (sent.outcome !== 'sent') throw new Error(sent.outcome);
    const { id: requestId } = sent.view.request;
    await rig.settle();
    move('olga', 'rita', 'olga@acme.test');
    const vote = () => rig.useCases.vote({ userId: 'U0RITA', requestId, kind: 'approve', reason: null });
    expect(await codeOf(vote())).toBe('not_an_approver');
    const { person } = await confirm('U0OSCAR', ' Olga@ACME.test', 'U0RITA');
    expect(person.userId).toBe('U0RITA');
    expect((await rig.store.outbox.take(50)).map(({ kind, subjectId }) => [kind, subjectId])).toContainEqual([
      'notify',
      requestId,
    ]);
    expect((await vote()).outcome).toBe('decided');
  });

  it('is recorded with whose it was before, and settles the notice of the admins', async () => {
    await moved();
    const open = async () =>
      (await database.query(`select closing from announcements where kind = 'email_conflict'`)).rows;
    expect(await open()).toEqual([{ closing: null }]);
    await confirm('U0OSCAR', 'sam@acme.test', 'U0RITA');
    expect(await open()).toEqual([{ closing: expect.stringContaining("sam@acme.test is rita's") }]);
    const { team } = rig.slack.state;
    const data = { address: 'sam@acme.test', person: `${team.id}:U0RITA`, before: 'U0SAM' };
    expect(await auditOf('email_binding.confirmed')).toEqual([data]);
  });

  it('may be confirmed again without effect on whose it is', async () => {
    await moved();
    await Promise.all([confirm('U0OSCAR', 'sam@acme.test', 'U0RITA'), confirm('U0OSCAR', 'sam@acme.test', 'U0RITA')]);
    expect(await ids()).toEqual(['U0RITA']);
  });
});

describe('is refused', () => {
  it.each([
    { who: 'who is no admin', admin: 'U0ADA', address: 'sam@acme.test', person: 'U0RITA', code: 'admins_only' },
    {
      who: 'who means themselves',
      admin: 'U0OSCAR',
      address: 'oscar@acme.test',
      person: 'U0OSCAR',
      code: 'own_address',
    },
    {
      who: 'who names an account without it',
      admin: 'U0OSCAR',
      address: 'sam@acme.test',
      person: 'U0OLGA',
      code: 'address_not_theirs',
    },
    { who: 'who names nobody', admin: 'U0OSCAR', address: 'sam@acme.test', person: 'U0NEVER', code: 'unknown_person' },
    {
      who: 'who writes what is no address',
      admin: 'U0OSCAR',
      address: `${'x'.repeat(5_000)}'; --`,
      person: 'U0RITA',
      code: 'address_not_theirs',
    },
  ])('$who', async ({ admin, address, person, code }) => {
    await moved();
    expect(await codeOf(confirm(admin, address, person))).toBe(code);
    expect(await ids()).toEqual([]);
    expect(await auditOf('email_binding.confirmed')).toEqual([]);
  });

  it('while two accounts carry it, and the refusal is recorded', async () => {
    rig.slack.addPerson({ id: 'U0OLGA2', name: 'olga2', email: 'olga@acme.test' });
    await Promise.all([rig.directory.person('U0OLGA'), rig.directory.person('U0OLGA2')]);
    expect(await codeOf(confirm('U0OSCAR', 'olga@acme.test', 'U0OLGA2'))).toBe('address_shared');
    expect((await auditOf('email_binding.refused')).map(({ code }) => code)).toEqual(['address_shared']);
  });
});

it('admins see what is not settled, and nobody else does', async () => {
  await moved();
  const shown = async (userId: string) =>
    (await rig.useCases.conflictingAddresses({ userId })).map((one) => [one.address, one.userId]);
  expect(await shown('U0OSCAR')).toEqual([['sam@acme.test', 'U0RITA']]);
  expect(await codeOf(rig.useCases.conflictingAddresses({ userId: 'U0ADA' }))).toBe('admins_only');
  await confirm('U0OSCAR', 'sam@acme.test', 'U0RITA');
  expect(await shown('U0OSCAR')).toEqual([]);
});
