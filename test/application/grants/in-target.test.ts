/** Access in a person's own name: what they had before it stays theirs, and what was approved is what is given. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lookUpInTarget } from '../../../src/application/grants/in-target.ts';
import { movedName } from '../../../src/application/grants/target-names.ts';
import type { Grant } from '../../../src/domain/grants/grant.ts';
import type { Person } from '../../../src/domain/principals/person.ts';
import { ProviderError } from '../../../src/providers/provider.ts';
import { somePerson } from '../../store/fixtures.ts';
import { accountOf, membershipProvider } from '../../support/membership-provider.ts';
import type { MembershipHooks } from '../../support/membership-provider.ts';
import { openBench, targetSql } from '../bench.ts';
import type { Bench } from '../bench.ts';

let bench: Bench;
let ada: Person;
let account: string;
let hooks: MembershipHooks;
/** Of groups, by the names that they have now. */
let ids: Map<string, string>;

beforeEach(async () => {
  ids = new Map();
  hooks = { before: () => Promise.resolve() };
  ada = somePerson('Ada');
  account = accountOf(ada.id);
  bench = await openBench({
    provider: membershipProvider(
      {
        before: (...called) => hooks.before(...called),
        after: async (id) => await hooks.after?.(id),
        idOf: (group) => ids.get(group) ?? '1',
      },
      undefined,
      true,
    ),
    config: ({ url }) => ({ url }),
    scope: (group) => ({ group }),
    identity: { map: { [ada.userId]: account } },
  });
  await targetSql(bench, `create role ${account} login`);
});
afterEach(async () => {
  await targetSql(bench, `drop role ${account}`);
  await bench.close();
});

const isIn = async (): Promise<boolean> => {
  const [row] = await targetSql<{ is: boolean }>(bench, `select pg_has_role($1, $2, 'member') as is`, [
    account,
    bench.target.groups.app_read,
  ]);
  return row?.is ?? false;
};
const byHand = async (verb: 'grant' | 'revoke'): Promise<void> =>
  void (await targetSql(
    bench,
    `${verb} ${bench.target.groups.app_read} ${verb === 'grant' ? 'to' : 'from'} ${account}`,
  ));
const end = async ({ id }: Grant): Promise<Grant> => {
  await bench.expire(id);
  await bench.useCases.completeRevocation({ grantIds: [id] });
  return bench.grant(id);
};
const eventsOf = async (id: string, type: string): Promise<string[]> =>
  (
    await bench.sql<{ data: string }>('select data from audit_events where grant_id = $1 and type = $2', [id, type])
  ).map(({ data }) => data);

test('who had it before keeps it at the end, and the record says so', async () => {
  await byHand('grant');
  const grant = await bench.active(ada);
  expect(grant).toMatchObject({ state: 'active', hadAlready: true });
  expect(await end(grant)).toMatchObject({ state: 'removed', endOutcome: 'had_already' });
  expect(await isIn()).toBe(true);
  expect((await eventsOf(grant.id, 'grant.active')).join()).toContain('hadAlready');
  expect((await eventsOf(grant.id, 'grant.removed')).join()).toContain('held_before_the_grant');
});

test('an attempt that died after it had given is no proof that they had it before', async () => {
  hooks.after = () => Promise.reject(new ProviderError('unavailable', 'The connection broke.'));
  const { id } = await bench.active(ada);
  expect(await isIn()).toBe(true);
  expect(await bench.grant(id)).toMatchObject({ state: 'activating', attempts: 1, hadAlready: false });
  delete hooks.after;
  await bench.sql('update grants set next_attempt_at = clock_timestamp() where id = $1', [id]);
  await bench.useCases.activate({ grantId: id });
  const grant = await bench.grant(id);
  expect(grant).toMatchObject({ state: 'active', hadAlready: false });
  expect(await end(grant)).toMatchObject({ endOutcome: 'removed' });
  expect(await isIn()).toBe(false);
});

test('a second grant does not take what the first one gave for what they had', async () => {
  const [first, second] = [await bench.active(ada), await bench.active(ada)];
  expect([first.hadAlready, second.hadAlready]).toEqual([false, false]);
  expect(await end(first)).toMatchObject({ endOutcome: 'still_held' });
  expect(await end(second)).toMatchObject({ endOutcome: 'removed' });
  expect(await isIn()).toBe(false);
});

test('of two grants to somebody who had it, neither takes it away', async () => {
  await byHand('grant');
  const [first, second] = [await bench.active(ada), await bench.active(ada)];
  for (const grant of [second, first]) expect(await end(grant)).toMatchObject({ endOutcome: 'had_already' });
  expect(await isIn()).toBe(true);
});

test('what was taken away by hand and given again by a second grant is taken away with that', async () => {
  await byHand('grant');
  const first = await bench.active(ada);
  await byHand('revoke');
  const second = await bench.active(ada);
  expect([first.hadAlready, second.hadAlready]).toEqual([true, false]);
  expect(await end(first)).toMatchObject({ endOutcome: 'had_already' });
  expect(await isIn()).toBe(true);
  expect(await end(second)).toMatchObject({ endOutcome: 'removed' });
  expect(await isIn()).toBe(false);
});

test('another name than the approved one is not given anything: it waits for a person', async () => {
  const { id, requestId } = await bench.approved(ada);
  const approved = { name: account, account, hadAlready: false };
  await bench.sql('update requests set in_target = $2 where id = $1', [requestId, JSON.stringify(approved)]);
  bench.nameBy({ map: { [ada.userId]: 'postgres' } });
  await bench.useCases.activate({ grantId: id });
  const held = await bench.grant(id);
  expect(held).toMatchObject({ state: 'activating', lastErrorKind: 'denied', handle: null });
  expect(held.lastError).toContain(`approved for "${account}"`);
  expect(await isIn()).toBe(false);
});

test('who is not in the map gets nothing, and their grant says why', async () => {
  const olga = somePerson('Olga');
  const { id } = await bench.approved(olga);
  await bench.useCases.activate({ grantId: id });
  const held = await bench.grant(id);
  expect(held).toMatchObject({ state: 'activating', lastErrorKind: 'denied' });
  expect(held.lastError).toContain('Olga');
  expect(held.lastError).toContain('guesses no names');
});

const foundIn = async (): Promise<{ kind: string; state: string }[]> => {
  await bench.sql('delete from drift_checks');
  await bench.sql(`insert into drift_checks (target, next_at) values ('orders-db', clock_timestamp())`);
  await bench.useCases.watchDrift();
  return bench.sql("select kind, state from drift_findings where closed_at is null or state = 'repaired'");
};

test('a grant whose access somebody took away by hand ends, and one that is as it should be is left alone', async () => {
  const grant = await bench.active(ada);
  await bench.sql(`update grants set activated_at = activated_at - interval '1 minute', lease_until = null`);
  expect(await foundIn()).toEqual([]);
  await byHand('revoke');
  expect(await foundIn()).toEqual([{ kind: 'gone', state: 'repaired' }]);
  expect(await bench.grant(grant.id)).toMatchObject({
    state: 'ending',
    endReason: 'Somebody removed it in the target.',
  });
});

test('who is in again after the end is reported and left in, unless they were in before or have another grant', async () => {
  await end(await bench.active(ada));
  expect(await foundIn()).toEqual([]);
  await byHand('grant');
  expect(await foundIn()).toEqual([{ kind: 'stray', state: 'open' }]);
  expect(await isIn()).toBe(true);
  const next = await bench.active(ada);
  expect(await foundIn()).toEqual([]);
  expect(await end(next)).toMatchObject({ endOutcome: 'had_already' });
  expect(await foundIn()).toEqual([]);
});

const endingNow = (id: string): Promise<unknown> =>
  bench.sql(
    `update grants set state = 'ending', ending_at = clock_timestamp(), end_cause = 'revoked', next_attempt_at = null where id = $1`,
    [id],
  );

test('what was there before and vanishes right before it is given is given by Latchkey, and taken away by it', async () => {
  await byHand('grant');
  const { id } = await bench.approved(ada);
  let isFirst = true;
  hooks.before = async (verb) => {
    if (verb !== 'grant' || !isFirst) return;
    isFirst = false;
    await byHand('revoke');
  };
  await bench.useCases.activate({ grantId: id });
  expect(await bench.grant(id)).toMatchObject({ state: 'activating', hadAlready: true });
  expect(await isIn()).toBe(false);
  await bench.sql('update grants set next_attempt_at = clock_timestamp() where id = $1', [id]);
  await bench.useCases.activate({ grantId: id });
  const made = await bench.grant(id);
  expect(made).toMatchObject({ state: 'active', hadAlready: false });
  expect(await isIn()).toBe(true);
  expect((await end(made)).endOutcome).toBe('removed');
  expect(await isIn()).toBe(false);
});

test('an end of what was never given takes nothing away: what is there is somebody else’s', async () => {
  const { id } = await bench.approved(ada);
  // The target was down whenever it was looked at, and meanwhile an administrator gave it by hand.
  await endingNow(id);
  await byHand('grant');
  await bench.useCases.completeRevocation({ grantIds: [id] });
  expect(await bench.grant(id)).toMatchObject({ state: 'removed', handle: null, endOutcome: 'had_already' });
  expect(await isIn()).toBe(true);
});

test('an end of what was never given, and is not there, says so', async () => {
  const { id } = await bench.approved(ada);
  await endingNow(id);
  await bench.useCases.completeRevocation({ grantIds: [id] });
  expect(await bench.grant(id)).toMatchObject({ handle: null, endOutcome: 'already_absent' });
  expect(await isIn()).toBe(false);
});

describe('a group whose name another group has now', () => {
  const notices = async () =>
    await bench.sql<{ lines: string[]; closing: string | null }>(
      "select lines, closing from announcements where kind = 'target_name_moved'",
    );
  const moved = async () =>
    await bench.sql<{ data: string }>("select data from audit_events where type = 'target_name.moved'");
  const take = (): void => void ids.set(bench.target.groups.app_read, '2');

  test('gives nothing to who was approved before, and admins are notified once, with what to write', async () => {
    expect(await bench.active(ada)).toMatchObject({ state: 'active' });
    take();
    for (const _ of [1, 2]) {
      const { id } = await bench.approved(ada);
      await bench.useCases.activate({ grantId: id });
      const held = await bench.grant(id);
      expect(held).toMatchObject({ state: 'activating', lastErrorKind: 'denied', handle: null });
      expect(held.lastError).toContain('had the id 1 when Latchkey first looked, and has the id 2 now');
    }
    const [notice, ...others] = await notices();
    expect(others).toEqual([]);
    expect(notice?.lines.join('\n')).toContain('write id: "2" beside the name');
    expect((await moved()).map(({ data }) => JSON.parse(data) as object)).toEqual([
      { name: `group ${bench.target.groups.app_read}`, before: '1', found: '2' },
    ]);
  });

  test('refuses a new request with the reason, and sends it where the name leads back', async () => {
    await bench.active(ada);
    take();
    const asked = { policy: bench.deps.policy(), target: 'orders-db', role: 'read', requester: ada };
    await expect(lookUpInTarget(bench.deps, asked)).rejects.toMatchObject({
      code: 'identity_unknown',
      facts: { isOfTarget: true, message: expect.stringContaining('nothing is given by it') as string },
    });
    ids.clear();
    expect(await lookUpInTarget(bench.deps, asked)).toMatchObject({ account, hadAlready: true });
  });

  test('that several processes see first at once is bound once', async () => {
    const named = (id: string) => ({ target: 'orders-db', scope: {}, named: { name: 'group x', id } });
    const seen = await Promise.all(['1', '2', '3'].map(async (id) => await movedName(bench.deps, named(id))));
    expect(seen.filter((why) => why === null)).toHaveLength(1);
    expect(await notices()).toHaveLength(2);
  });
});
