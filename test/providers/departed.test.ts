/** A target that left the policy while access in it was live: it is reached to end that access, and for nothing else. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Grant } from '../../src/domain/grants/grant.ts';
import type { Policy, Target } from '../../src/domain/policy/types.ts';
import type { Principal } from '../../src/domain/principals/principal.ts';
import { createAccess } from '../../src/providers/connections.ts';
import { findProvider } from '../../src/providers/registry.ts';
import { policyOf } from '../domain/policy/made.ts';
import { startReceiver, type Receiver } from './webhook/world.ts';

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver('node');
});
afterAll(async () => await receiver.stop());

const GRANTEE = { kind: 'person', id: 'T1:U0ADA', name: 'Ada', email: 'ada@acme.test' } as Principal;
const grantOf = (id: string): Grant =>
  ({
    id,
    target: 'shop-a',
    scope: { role: 'read' },
    handle: null,
    expiresAt: new Date(Date.now() + 600_000),
  }) as unknown as Grant;

test('is closed and removed there, and gives nothing anew', async () => {
  const role = { name: 'read', title: 'read', scope: { role: 'read' }, maxMs: 1, defaultMs: 1, isSensitive: false };
  const target: Target = {
    ...{ name: 'shop-a', title: 'A', provider: 'webhook', config: receiver.config, owners: [] },
    ...{ channel: null, warning: null, roles: { read: role }, list: 'shops' },
  };
  let policy: Policy = policyOf([], { targets: { 'shop-a': target } });
  const log = { info: () => undefined, warn: () => undefined };
  const access = createAccess({ findProvider, policy: () => policy, log });
  try {
    const live = grantOf('liveone12345');
    await access.grant(live, GRANTEE);
    policy = policyOf([], { targets: {} });
    const end = () => access.closeMany([{ grant: live, grantee: GRANTEE }]);
    expect(await end()).toMatchObject([{ kind: 'misconfigured' }]);
    expect(receiver.state()).toMatchObject({ liveone12345: { closed: false } });

    access.keepDeparted([target]);
    expect(await end()).toEqual(['closed']);
    expect(await access.revoke(live, GRANTEE)).toBe('removed');
    expect(receiver.state()).toEqual({});
    await expect(access.grant(grantOf('another12345'), GRANTEE)).rejects.toThrow('no longer in the policy');
    expect(receiver.state()).toEqual({});
  } finally {
    await access.close();
  }
});
