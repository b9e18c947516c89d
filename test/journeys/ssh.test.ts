/** An SSH host, end to end: requested in Slack, approved, entered with a certificate for one's own key, cut at the end, and gone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredView } from '../../sandbox/src/slack/types.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { createTarget, enter, newKey, run } from '../providers/ssh/target.ts';
import type { Login, Target } from '../providers/ssh/target.ts';
import { whyNoSshHost } from '../../sandbox/src/embedded/ssh-host.ts';
import { storyOf, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const why = whyNoSshHost();

const rolesOf = ({ hosts }: Target): string => `
      read: { scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m }
  web:
    title: Web servers
    provider: ssh
    config:
      hosts: [{ address: "127.0.0.1:${hosts[0]?.port}", host_key: "${hosts[0]?.hostKey}" }]
      ca_key: "\${WEB_CA_KEY}"
      helper: true
    owners: [dba]
    channel: "#prod-access"
    roles:
      shell: { title: Shell, scope: { user: per-grant }, max: 4h, default: 20s }`;

describe.skipIf(why !== null)(`on a real host${why === null ? '' : ` (not run: ${why})`}`, () => {
  let target: Target;
  let world: World;
  let story: Story;

  beforeAll(async () => {
    target = await createTarget();
    world = await startWorld({ roles: rolesOf(target) });
    Object.assign(world.env, { WEB_CA_KEY: target.caKey });
    story = storyOf(world);
    await world.start();
  });
  afterAll(async () => {
    await world?.stop();
    await target?.drop();
  });

  const modalWith = async (text: string): Promise<StoredView> =>
    await world.slack.waitFor(
      () =>
        world.slack
          .as('ada')
          .modals()
          .findLast((view) => JSON.stringify(view).includes(text)),
      { what: `a modal with ${text}` },
    );
  const loginIn = (modal: StoredView): Login => {
    const text = JSON.stringify(modal);
    const certificate = /ssh-ed25519-cert-v01@openssh\.com [A-Za-z0-9+/=]+/.exec(text)?.[0] ?? '';
    const user = /lk_[0-9a-z_]+(?=@127)/.exec(text)?.[0] ?? '';
    return { user, port: target.hosts[0]?.port ?? 0, certificate, key: target.key };
  };

  test('asked for the public key once, then in with one certificate, cut at the expiry, gone from the host', async () => {
    const ada = world.slack.as('ada');
    const message = await story.ask('ada', 'web shell 20s checkout errors after the release');
    expect(seen(message)).toContain('files stay');
    await world.slack.as('olga').click(message, 'approve');
    await ada.click(await story.dm('ada', 'show_credentials'), 'show_credentials');
    await modalWith('Public key');
    await ada.type('public_key', 'ssh-ed25519 AAAA');
    expect(JSON.stringify(await ada.submit())).toContain('cut short or changed');
    await ada.type('public_key', target.key.publicKey);
    await ada.submit();
    const modal = await modalWith('ssh-ed25519-cert-v01');
    for (const label of ['Host', 'Port', 'User', 'Command', 'Certificate'])
      expect(JSON.stringify(modal)).toContain(`*${label}*`);
    const login = loginIn(modal);
    const session = await enter(login);
    expect((await run(login, 'id -un')).out.trim()).toBe(login.user);
    await waitUntil(session.isCut, { timeoutMs: 60_000, what: 'the session to be cut' });
    await story.dm('ada', '*Ended*');
    expect((await run(login, 'true')).err).toContain('Permission denied');
    await untilRemoved(world);
    expect(target.hosts[0]?.sh('getent passwd | grep -c ^lk_ || true').trim()).toBe('0');
    expect(await world.sql(`select end_outcome, end_cause from grants`)).toEqual([
      { end_outcome: 'removed', end_cause: 'expired' },
    ]);
  });

  test('with a key that is known the certificate comes at once, for the key that was set last', async () => {
    const ada = world.slack.as('ada');
    const other = newKey('ecdsa');
    await ada.command('/prod-access', `key ${other.publicKey}`, 'general');
    await story.privately('ada', 'Your public key is');
    await world.slack.as('olga').click(await story.ask('ada', 'web shell 30m look at order 1183'), 'approve');
    await ada.click(await story.dm('ada', 'show_credentials'), 'show_credentials');
    await modalWith('ecdsa-sha2-nistp256-cert-v01');
    await ada.click(await story.dm('ada', 'show_credentials'), 'done');
    await story.dm('ada', 'returned');
    expect(await world.sql(`select count(*)::int as keys from audit_events where type = 'public_key.set'`)).toEqual([
      { keys: 2 },
    ]);
  });
});
