/** An approved grant is made in its target once, however often and by however many it is tried, and never after its time. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Grant } from '../../../src/domain/grants/grant.ts';
import type { Person } from '../../../src/domain/principals/person.ts';
import { ProviderError } from '../../../src/providers/provider.ts';
import { somePerson } from '../../store/fixtures.ts';
import { openPostgresBench, targetSql } from '../bench.ts';
import type { Bench } from '../bench.ts';

let bench: Bench;
let ada: Person;
beforeEach(async () => {
  bench = await openPostgresBench();
  ada = somePerson('Ada');
});
afterEach(() => bench.close());

const loginsOf = async ({ id }: Grant): Promise<{ name: string; until: Date }[]> => {
  const { handle } = await bench.grant(id);
  return targetSql(bench, 'select rolname as name, rolvaliduntil as until from pg_roles where rolname = $1', [
    (handle as { role?: string } | null)?.role ?? '',
  ]);
};
/** Logins that Latchkey made: its own user is a member, too. */
const membersOfTheGroup = async (): Promise<number> =>
  (
    await targetSql(
      bench,
      `select 1 from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member
       where g.rolname = $1 and r.rolname like 'lk\\_%'`,
      [bench.target.groups.app_read],
    )
  ).length;
const typesOf = async ({ id }: Grant): Promise<string[]> =>
  (await bench.sql<{ type: string }>('select type from audit_events where grant_id = $1 order by id', [id])).map(
    ({ type }) => type,
  );
const activate = ({ id }: Grant) => bench.useCases.activate({ grantId: id });

test('it exists in the target until the moment that the ledger says, and the record says so once', async () => {
  const approved = await bench.approved(ada);
  expect(await membersOfTheGroup()).toBe(0);
  await activate(approved);
  const grant = await bench.grant(approved.id);
  expect(grant.state).toBe('active');
  expect(grant.expiresAt.getTime() - (grant.activatedAt?.getTime() ?? 0)).toBeLessThanOrEqual(grant.durationMs);
  const [login] = await loginsOf(grant);
  expect(Math.abs((login?.until.getTime() ?? 0) - grant.expiresAt.getTime())).toBeLessThan(1_000);
  await activate(approved);
  expect(await bench.grant(approved.id)).toEqual(grant);
  expect(await typesOf(grant)).toEqual(['grant.active']);
  expect(await membersOfTheGroup()).toBe(1);
});

test('of several processes at the same moment one makes it', async () => {
  const approved = await bench.approved(ada);
  const processes = [bench.useCases, bench.useCasesWith({}), bench.useCasesWith({})];
  await Promise.all(processes.map((verbs) => verbs.activate({ grantId: approved.id })));
  expect(await membersOfTheGroup()).toBe(1);
  expect(await typesOf(approved)).toEqual(['grant.active']);
});

test('a failure that passes is recorded, put off, and tried again', async () => {
  const approved = await bench.approved(ada);
  const failing = bench.useCasesWith({
    grant: () => Promise.reject(new ProviderError('unavailable', 'The server does not answer.')),
  });
  await failing.activate({ grantId: approved.id });
  const waiting = await bench.grant(approved.id);
  expect(waiting).toMatchObject({ state: 'activating', attempts: 1, lastErrorKind: 'unavailable' });
  expect(waiting.nextAttemptAt?.getTime()).toBeGreaterThan(Date.now() - 1_000);
  await activate(approved);
  expect(await bench.grant(approved.id)).toMatchObject({ state: 'active' });
  expect(await typesOf(approved)).toEqual(['grant.activation_retried', 'grant.active']);
});

test('what was revoked while it was being made is taken away', async () => {
  const approved = await bench.approved(ada);
  const meanwhile = bench.useCasesWith({
    grant: async (...called) => {
      const made = await bench.access.grant(...called);
      await bench.store.transaction((tx) =>
        tx.grants.setEnding(approved.id, { cause: 'revoked', by: null, reason: 'no longer' }),
      );
      return made;
    },
  });
  await meanwhile.activate({ grantId: approved.id });
  expect(await bench.grant(approved.id)).toMatchObject({ state: 'ending' });
  expect(await typesOf(approved)).toEqual([]);
  await bench.useCases.completeRevocation({ grantIds: [approved.id] });
  expect(await bench.grant(approved.id)).toMatchObject({ state: 'removed' });
  expect(await membersOfTheGroup()).toBe(0);
});

describe('is not made', () => {
  test('once the approval is older than an approval may be', async () => {
    const approved = await bench.approved(ada, { claimMs: 60_000 });
    await bench.sql(`update grants set created_at = clock_timestamp() - interval '61 seconds'`);
    await activate(approved);
    expect(await bench.grant(approved.id)).toMatchObject({ state: 'ending', endCause: 'abandoned' });
    expect(await membersOfTheGroup()).toBe(0);
  });

  test('while another process is at it, as after a crash, until its lease is over', async () => {
    const approved = await bench.approved(ada);
    await bench.store.transaction((tx) => tx.grants.claim(approved.id, 60_000, approved.durationMs));
    await activate(approved);
    expect(await bench.grant(approved.id)).toMatchObject({ state: 'activating' });
    await bench.sql('update grants set lease_until = clock_timestamp()');
    await activate(approved);
    expect(await bench.grant(approved.id)).toMatchObject({ state: 'active' });
  });

  test('where there is no such grant, or it has ended', async () => {
    await bench.useCases.activate({ grantId: `none'; --` });
    const grant = await bench.active(ada);
    await bench.expire(grant.id);
    await bench.useCases.completeRevocation({ grantIds: [grant.id] });
    await activate(grant);
    expect(await bench.grant(grant.id)).toMatchObject({ state: 'removed' });
    expect(await membersOfTheGroup()).toBe(0);
  });
});

describe('what is for a window of the policy', () => {
  const HOUR_MS = 3_600_000;
  /** Approved before it opened, with an hour to use the approval, and taken over by a job, or not yet. */
  const forWindow = async (fromMs: number, toMs: number, isClaimed = true): Promise<Grant> => {
    const { id, requestId } = await bench.approved(ada, { claimMs: HOUR_MS });
    const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
    const origin = { kind: 'window', id: 'w', isClaimed, window: 'night', from: at(fromMs), to: at(toMs) };
    await bench.sql('update requests set origin = $2 where id = $1', [requestId, JSON.stringify(origin)]);
    await bench.sql(`update grants set created_at = created_at - interval '1 day' where id = $1`, [id]);
    return bench.grant(id);
  };

  test('is made as long as the window is open, however long ago that began, and ends with it at the latest', async () => {
    const grant = await forWindow(-3 * HOUR_MS, 120_000);
    await activate(grant);
    const active = await bench.grant(grant.id);
    expect(active.state).toBe('active');
    expect(active.expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 121_000);
  });

  test('waits for a job as long as the window is open', async () => {
    const grant = await forWindow(-3 * HOUR_MS, HOUR_MS, false);
    await activate(grant);
    expect(await bench.grant(grant.id)).toMatchObject({ state: 'activating', attempts: 0 });
  });

  test.each([true, false])('is over when the window has closed, taken over by a job: %s', async (isClaimed) => {
    const grant = await forWindow(-3 * HOUR_MS, -1_000, isClaimed);
    await activate(grant);
    expect(await bench.grant(grant.id)).toMatchObject({ state: 'ending', endCause: 'window_passed' });
    expect(await membersOfTheGroup()).toBe(0);
  });
});
