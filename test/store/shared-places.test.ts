/** Two grants hold one and the same place where what stays the same of it says so, whatever it was called when each was given. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Grant } from '../../src/domain/grants/grant.ts';
import type { Json } from '../../src/domain/json.ts';
import { insertGrant, openTestStore, somePerson, someRequest } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

let open: TestStore;
beforeAll(async () => {
  open = await openTestStore();
});
afterAll(() => open.close());

const TARGET = 'directory';
const given = async (handle: Json): Promise<Grant> => {
  const person = somePerson();
  const id = await open.store.transaction(async (tx) => {
    await tx.principals.upsert(person);
    const { request } = await tx.requests.insert(someRequest(person, { target: TARGET }));
    const made = await insertGrant(tx, request, { provider: 'ldap' });
    await tx.grants.claim(made, 1000, request.durationMs);
    await tx.grants.setActive(made, handle);
    return made;
  });
  const grant = await open.store.read.grant(id);
  if (!grant) throw new Error('no grant');
  return grant;
};
const sharers = (grant: Grant): Promise<number> => open.store.read.countSharers(grant, ['active']);

it('by their ids, by their names where one has none, and never by names where both have ids', async () => {
  const ids = (member: string) => ({ list: 'entryUUID:g', member: `entryUUID:${member}` });
  const before = await given({ list: 'member:cn=prod', member: 'uid=ada' });
  const first = await given({ list: 'member:cn=prod', member: 'uid=ada', ids: ids('1') });
  expect([await sharers(before), await sharers(first)]).toEqual([1, 1]);
  const renamed = await given({ list: 'member:cn=prod', member: 'uid=ada.new', ids: ids('1') });
  expect([await sharers(first), await sharers(renamed)]).toEqual([2, 1]);
  // Another account that has the name now.
  const other = await given({ list: 'member:cn=prod', member: 'uid=ada', ids: ids('2') });
  expect([await sharers(first), await sharers(other)]).toEqual([2, 1]);
});
