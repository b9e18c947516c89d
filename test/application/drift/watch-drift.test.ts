/** Targets are compared with the ledger: what Latchkey made is put right, the rest is reported, and much at once only when an admin says so. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { callerFromSlack } from '../../../src/application/identity/caller.ts';
import type { Grant } from '../../../src/domain/grants/grant.ts';
import { boundEmail } from '../../../src/domain/principals/identity.ts';
import type { Person } from '../../../src/domain/principals/person.ts';
import { somePerson } from '../../store/fixtures.ts';
import { startPrivatePostgres } from '../../support/services.ts';
import type { PrivateServer } from '../../support/services.ts';
import { openPostgresBench, targetSql } from '../bench.ts';
import type { Bench } from '../bench.ts';

const OLGA: Person = { ...somePerson('Olga'), email: 'olga@acme.test' };
const FOREVER = `valid until '2040-01-01'`;

/** Roles are of the whole server, so it is nobody else's. */
let server: PrivateServer;
let bench: Bench;
beforeAll(async () => {
  server = await startPrivatePostgres();
});
afterAll(() => server.remove());
beforeEach(async () => {
  bench = await openPostgresBench({
    adminUrl: server.url,
    directory: {
      groupsOf: async ({ email }, names = []) => ({
        groups: email === OLGA.email ? [...names] : [],
        unknownGroups: [],
        contestedGroups: [],
        email: email === null ? null : boundEmail(email),
        otherEmails: [],
      }),
    },
  });
});
afterEach(async () => {
  for (const grant of await made()) await bench.useCases.completeRevocation({ grantIds: [grant.id] });
  for (const { name } of await logins()) await targetSql(bench, `drop role "${name}"`);
  await bench.close();
});

const made = (): Promise<{ id: string }[]> =>
  bench.sql(
    `update grants set state = 'ending', ending_at = clock_timestamp(), end_cause = 'revoked' where state = 'active' returning id`,
  );
const logins = (): Promise<{ name: string; until: string }[]> =>
  targetSql(
    bench,
    `select rolname as name, rolvaliduntil::text as until from pg_roles where rolname like 'lk\\_%' order by 1`,
  );
const loginOf = ({ handle }: Grant): string => (handle as { role: string }).role;
/** Lets the next look come now, and makes it by as many processes. */
const look = async (processes = 1): Promise<void> => {
  await bench.useCases.watchDrift();
  await bench.sql('update drift_checks set next_at = clock_timestamp()');
  await Promise.all(Array.from({ length: processes }, () => bench.useCasesWith({}).watchDrift()));
};
const findings = (): Promise<{ kind: string; state: string }[]> =>
  bench.sql('select kind, state from drift_findings order by kind, state');
const notices = (): Promise<{ kind: string; lines: string[]; closing: string | null }[]> =>
  bench.sql('select kind, lines, closing from announcements order by created_at, id');
const driftEvents = async (): Promise<string[]> =>
  (await bench.sql<{ type: string }>(`select type from audit_events where type like 'drift.%' order by id`)).map(
    ({ type }) => type,
  );

test('a deadline that was moved in the target is put back, reported once, and by one of several processes', async () => {
  const grant = await bench.active(somePerson('Ada'));
  const before = await logins();
  await targetSql(bench, `alter role "${loginOf(grant)}" ${FOREVER}`);
  await look(3);
  expect(await logins()).toEqual(before);
  await look();
  expect(await driftEvents()).toEqual(['drift.found', 'drift.repaired']);
  const [notice, ...others] = await notices();
  expect(notice).toMatchObject({ kind: 'drift_found', lines: [expect.stringContaining('Put back.')] });
  expect(others).toEqual([]);
});

test('access that was removed by hand ends in the ledger, and what is there after its end is ended again', async () => {
  const [gone, back] = [await bench.active(somePerson('Ada')), await bench.active(somePerson('Rita'))];
  const mark = await targetSql<{ text: string }>(
    bench,
    `select shobj_description(oid, 'pg_authid') as text from pg_roles where rolname = '${loginOf(back)}'`,
  );
  await targetSql(bench, `drop role "${loginOf(gone)}"`);
  await bench.expire(back.id);
  await bench.useCases.completeRevocation({ grantIds: [back.id] });
  await targetSql(bench, `create role "${loginOf(back)}" login`);
  await targetSql(bench, `comment on role "${loginOf(back)}" is '${mark[0]?.text.replaceAll("'", "''")}'`);
  await targetSql(
    bench,
    `grant "${loginOf(back)}" to "${new URL(bench.target.managerUrl).username}" with admin option`,
  );
  await look();
  expect(await findings()).toEqual([
    { kind: 'gone', state: 'repaired' },
    { kind: 'survived', state: 'repaired' },
  ]);
  expect((await bench.grant(gone.id)).state).toBe('ending');
  expect((await bench.grant(back.id)).state).toBe('removed');
  expect((await logins()).map(({ name }) => name)).not.toContain(loginOf(back));
});

test('what Latchkey did not make is reported once and never touched', async () => {
  await targetSql(bench, 'create role lk_by_hand login');
  await look();
  await look();
  expect((await logins()).map(({ name }) => name)).toEqual(['lk_by_hand']);
  expect(await findings()).toMatchObject([{ kind: 'lookalike', state: 'open' }]);
  expect((await notices()).map(({ lines }) => lines)).toEqual([
    [expect.stringMatching(/lk_by_hand: .* Latchkey leaves it alone; please look\.$/)],
  ]);
});

test('a target that cannot be read holds nothing up, and is read at the next look', async () => {
  const grant = await bench.active(somePerson('Ada'));
  await targetSql(bench, `alter role "${loginOf(grant)}" ${FOREVER}`);
  await bench.useCases.watchDrift();
  await bench.sql('update drift_checks set next_at = clock_timestamp()');
  await bench.useCasesWith({ listOurs: () => Promise.reject(new Error('down')) }).watchDrift();
  expect(await findings()).toEqual([]);
  await look();
  expect(await findings()).toEqual([{ kind: 'deadline', state: 'repaired' }]);
});

describe('much at once', () => {
  const callerOf = (person: Person) => callerFromSlack({ directory: { person: async () => person } }, person.userId);
  const decide = async (person: Person, batchId: string, isRepairing: boolean) =>
    bench.useCases.decideDrift({ caller: await callerOf(person), batchId, isRepairing });
  const moved = async (): Promise<number> => (await logins()).filter(({ until }) => until.startsWith('2040')).length;
  const asked = async (): Promise<string> => {
    for (const name of ['Ada', 'Rita', 'Oscar', 'Ines']) await bench.active(somePerson(name));
    for (const { name } of await logins()) await targetSql(bench, `alter role "${name}" ${FOREVER}`);
    await look();
    const [batch] = await bench.sql<{ id: string }>('select id from drift_batches');
    return batch?.id ?? '';
  };

  test('waits for an admin, who is asked once; then all of it is put right, once', async () => {
    const id = await asked();
    await look();
    expect(await moved()).toBe(4);
    expect((await notices()).map(({ kind }) => kind)).toEqual(['drift_asked']);
    await decide(OLGA, id, true);
    await Promise.all([bench.useCases.repairBatch({ batchId: id }), look(2)]);
    expect(await moved()).toBe(0);
    expect((await driftEvents()).filter((type) => type === 'drift.repaired')).toHaveLength(4);
    expect((await notices()).map(({ kind, closing }) => [kind, closing])).toEqual([
      ['drift_asked', 'Olga has these 4 repaired.'],
      ['drift_repaired', null],
    ]);
  });

  test('is left as it is where an admin says so, and not reported again', async () => {
    const id = await asked();
    const { batch } = await decide(OLGA, id, false);
    expect(batch).toMatchObject({ state: 'left', count: 4, decidedBy: { id: OLGA.id } });
    await bench.useCases.repairBatch({ batchId: id });
    await look();
    expect(await moved()).toBe(4);
    expect(await notices()).toMatchObject([{ kind: 'drift_asked', closing: 'Olga left it as it is.' }]);
  });

  test('is decided by admins only, once, and the refusal is recorded', async () => {
    const id = await asked();
    await expect(decide(somePerson('Mallory'), id, true)).rejects.toMatchObject({ code: 'admins_only' });
    expect((await driftEvents()).at(-1)).toBe('drift.refused');
    const both = await Promise.allSettled([decide(OLGA, id, true), decide(OLGA, id, false)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((one) => one.status === 'rejected')?.reason).toMatchObject({
      code: 'drift_decided',
      facts: { by: 'Olga' },
    });
    await expect(decide(OLGA, id, true)).rejects.toMatchObject({ code: 'drift_decided', facts: { by: 'Olga' } });
    await expect(decide(OLGA, `none'; --`, true)).rejects.toMatchObject({ code: 'drift_not_found' });
  });
});
