/** Real hosts for the contract suite. */
import type { Visit, World, WorldOption } from '../worlds.ts';
import { accountsOf, createTarget, enter, loginOf, must, type Session, type Target } from './target.ts';

const READ = { user: 'per-grant', command: '/srv/app/read' };
const WRITE = { user: 'per-grant', forward: true };

const visitOf = ({ login, isCut, leave }: Session): Visit => ({
  whoAmI: async () => {
    const person = (await must(login, 'id -un')).trim();
    const [write] = await Promise.allSettled([must(login, ': write')]);
    return { person, actingAs: write.status === 'fulfilled' ? 'write' : 'read' };
  },
  read: async () => (await must(login, 'head -n 3 /srv/app/orders')).split('\n').filter((line) => line !== '').length,
  write: async () => void (await must(login, 'echo write >>/srv/app/orders')),
  isCut,
  leave,
});

const worldOf = (target: Target): World => ({
  config: target.config,
  roles: { read: { scope: READ, actsAs: 'read' }, write: { scope: WRITE, actsAs: 'write' } },
  publicKey: target.key.publicKey,
  enter: async (secret) => visitOf(await enter(loginOf(secret, target.key))),
  countOf: async (grantId) => Math.max(...target.hosts.map((host) => accountsOf(host, grantId).length)),
  close: target.drop,
});

export const WORLDS: WorldOption[] = [{ title: 'a host', open: async () => worldOf(await createTarget()) }];
