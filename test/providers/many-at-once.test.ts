/** Of many ends at once, one that cannot be made holds up no other. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadPolicy } from '../../src/config/policy-file.ts';
import type { Grant } from '../../src/domain/grants/grant.ts';
import type { Principal } from '../../src/domain/principals/principal.ts';
import { createAccess } from '../../src/providers/connections.ts';
import { findProvider, PROVIDERS } from '../../src/providers/registry.ts';
import { sessionAt } from './postgres/attacks/rig.ts';
import { startVersion } from './postgres/servers.ts';
import { createTarget, type Target } from './postgres/target.ts';

let target: Target;
beforeAll(async () => {
  target = await createTarget(await startVersion(18));
});
afterAll(async () => await target.drop());

const policyOf = () => {
  const text = `version: 1
groups: { dba: { people: [olga@acme.test] } }
targets:
  orders-db:
    provider: postgres
    config: { url: "${target.managerUrl}" }
    owners: [dba]
    roles: { read: { scope: { member_of: [${target.read}] }, max: 4h, default: 30m } }
rules: [{ name: One owner, approvals: [{ from: owners }] }]
admins: [dba]
`;
  const loaded = loadPolicy({ text, env: {}, providers: PROVIDERS, path: 'latchkey.yml' });
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.policy;
};

const grantee = { kind: 'person', id: 'T1:U1', name: 'Ada', email: 'ada@acme.test' } as unknown as Principal;
const grantNamed = (id: string): Grant =>
  ({
    id,
    target: 'orders-db',
    role: 'read',
    scope: { member_of: [target.read] },
    handle: null,
    expiresAt: new Date(Date.now() + 3_600_000),
  }) as unknown as Grant;

test(
  'a login that an administrator has locked is tried again, and the others end meanwhile',
  { timeout: 120_000 },
  async () => {
    const policy = policyOf();
    const log = { info: () => undefined, warn: () => undefined };
    const access = createAccess({ findProvider, policy: () => policy, log });
    const items = ['mmany1', 'mmany2', 'mmany3'].map((id) => ({ grant: grantNamed(id), grantee }));
    for (const { grant } of items) await access.grant(grant, grantee);
    const administrator = await sessionAt(target.superuserUrl);
    await administrator.query('begin; alter role lk_mmany2_ada connection limit 3');
    const outcomes = await access.revokeMany(items);
    expect(outcomes[0]).toBe('removed');
    expect(outcomes[2]).toBe('removed');
    expect(outcomes[1]).toMatchObject({ isRetried: true });
    await administrator.query('rollback');
    await administrator.leave();
    expect(await access.revokeMany(items.slice(1, 2))).toEqual(['removed']);
    await access.close();
  },
);
