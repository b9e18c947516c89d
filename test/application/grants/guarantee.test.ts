/** The record says what the end of an access is worth in its target: when it begins, and when it is over. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EndGuarantee } from '../../../src/domain/grants/end-guarantee.ts';
import type { Person } from '../../../src/domain/principals/person.ts';
import { somePerson } from '../../store/fixtures.ts';
import { accountOf, membershipProvider } from '../../support/membership-provider.ts';
import { openBench, targetSql } from '../bench.ts';
import type { Bench } from '../bench.ts';

const GUARANTEE: EndGuarantee = { endsBy: 'revoke', survives: 'A session that is open keeps the rights it had.' };

let bench: Bench;
let ada: Person;

beforeEach(async () => {
  bench = await openBench({
    provider: membershipProvider({ before: () => Promise.resolve() }, GUARANTEE),
    config: ({ url }) => ({ url }),
    scope: (group) => ({ group }),
  });
  ada = somePerson('Ada');
  await targetSql(bench, `create role ${accountOf(ada.id)} login`);
});
afterEach(async () => {
  await targetSql(bench, `drop role ${accountOf(ada.id)}`);
  await bench.close();
});

test('the record of a grant and of its end has what is not cut, and who ends it', async () => {
  const grant = await bench.active(ada);
  expect(bench.access.guarantee(grant)).toEqual(GUARANTEE);
  await bench.expire(grant.id);
  await bench.useCases.completeRevocation({ grantIds: [grant.id] });
  const events = await bench.sql<{ type: string; data: string }>(
    `select type, data from audit_events where grant_id = $1 and type in ('grant.active', 'grant.removed') order by id`,
    [grant.id],
  );
  expect(events.map(({ type }) => type)).toEqual(['grant.active', 'grant.removed']);
  for (const { data } of events) expect(JSON.parse(data)).toMatchObject(GUARANTEE);
});

test('a target that left the policy guarantees nothing, and keeps nothing from being told', async () => {
  const grant = await bench.active(ada);
  expect(bench.access.guarantee({ ...grant, target: 'gone' })).toBeNull();
  expect(bench.access.guarantee({ ...grant, scope: { nonsense: 1 } })).toBeNull();
});
