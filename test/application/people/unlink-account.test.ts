/** What is taken back is recorded, and only an admin who is another person releases it; the account is then free for another link. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountLink } from '../../../src/application/identity/account-link-ports.ts';
import { newId } from '../../../src/lib/ids.ts';
import { codeOf } from '../../support/refusal.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf(undefined, 'rules:\n  - name: An owner\n    approvals: [{ from: owners }]\nadmins: [dba]'));
});
afterAll(() => rig.close());

const HOST = { kind: 'github', host: 'https://github.com' } as const;

const linked = async (
  name: string,
  accountId: string,
  of: Pick<AccountLink, 'kind' | 'host'> = HOST,
): Promise<boolean> => {
  const person = await rig.directory.person(`U0${name}`);
  return rig.store.transaction(async (tx) => {
    await tx.principals.upsert(person);
    const link = { ...of, accountId, login: name.toLowerCase(), personId: person.id };
    return tx.accountLinks.add({ ...link, id: newId(), proof: newId() });
  });
};

test('taken back it still counts, until an admin releases it', async () => {
  expect(await linked('ADA', '7')).toBe(true);
  expect(await linked('MALLORY', '7')).toBe(false);
  await rig.useCases.unlinkAccounts({ userId: 'U0ADA', kind: 'github' });
  const counting = () => rig.store.read.linksOf({ ...HOST, accountIds: ['7'] });
  expect(await counting()).toMatchObject([{ userId: 'U0ADA', unlinkedAt: expect.any(Date) }]);
  expect(await codeOf(rig.useCases.unlinkAccounts({ userId: 'U0ADA', kind: 'github' }))).toBe('account_unknown');
  const release = (userId: string) =>
    rig.useCases.releaseAccount({ userId, kind: 'github', accountId: '7', host: null });
  expect(await codeOf(release('U0ADA'))).toBe('admins_only');
  expect(await release('U0OLGA')).toMatchObject({ login: 'ada', name: 'Ada' });
  expect(await counting()).toEqual([]);
  expect(await codeOf(release('U0OLGA'))).toBe('account_unknown');
  expect(await linked('MALLORY', '7')).toBe(true);
  const types = (await rig.events()).map(({ type }) => type).filter((type) => type.startsWith('account_link'));
  expect(types).toEqual(['account_link.ended', 'account_link.refused', 'account_link.released']);
});

test('an admin does not release their own', async () => {
  await linked('OLGA', '8');
  const own = { userId: 'U0OLGA', kind: 'github', accountId: '8', host: null } as const;
  expect(await codeOf(rig.useCases.releaseAccount(own))).toBe('account_own');
  expect((await rig.useCases.releaseAccount({ ...own, userId: 'U0SAM' })).accountId).toBe('8');
});

test('an id that is linked on two servers is released on the one that is named', async () => {
  const hosts = ['https://gitlab.com', 'https://gitlab.acme.test'];
  for (const [n, host] of hosts.entries())
    expect(await linked(['ADA', 'MALLORY'][n] ?? '', '9', { kind: 'gitlab', host })).toBe(true);
  const release = (host: string | null) =>
    rig.useCases.releaseAccount({ userId: 'U0OLGA', kind: 'gitlab', accountId: '9', host });
  await expect(release(null)).rejects.toMatchObject({
    code: 'account_on_hosts',
    facts: { hosts: expect.stringContaining('https://gitlab.acme.test') as string },
  });
  expect(await codeOf(release('gitlab.elsewhere.test'))).toBe('account_unknown');
  expect(await release('gitlab.acme.test')).toMatchObject({ name: 'Mallory' });
  expect(await release(null)).toMatchObject({ name: 'Ada' });
});
