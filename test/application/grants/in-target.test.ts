/** Access in a person's own name: what they had before it stays theirs, and what was approved is what is given. */
import { afterEach, beforeEach, expect, test } from 'vitest';
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

beforeEach(async () => {
  hooks = { before: () => Promise.resolve() };
  ada = somePerson('Ada');
  account = accountOf(ada.id);
  bench = await openBench({
    provider: membershipProvider(
      { before: (...called) => hooks.before(...called), after: async (id) => await hooks.after?.(id) },
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
