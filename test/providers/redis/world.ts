/** Redis for the contract suite. */
import type { Visit, World, WorldOption } from '../worlds.ts';
import { createTarget, enter, READ, usersOf, valueOf, WRITE, type Session, type Target } from './target.ts';

/** A borrower sees no other user, and not itself either: the administrator looks. */
const visitOf = (session: Session, user: string): Visit => ({
  whoAmI: async () => {
    const [write] = await Promise.allSettled([session.redis.set('app:who', 'x')]);
    return { person: user, actingAs: write.status === 'fulfilled' ? 'write' : 'read' };
  },
  read: async () => (await session.redis.mget('app:order:1', 'app:order:2', 'app:order:3')).filter(Boolean).length,
  write: async () => void (await session.redis.set('app:order:1', 'touched')),
  isCut: session.isCut,
  leave: async () => session.leave(),
});

const worldOf = (target: Target): World => ({
  config: target.config,
  roles: { read: { scope: READ, actsAs: 'read' }, write: { scope: WRITE, actsAs: 'write' } },
  enter: async (secret) => visitOf(await enter(secret), valueOf(secret, 'User')),
  countOf: async (grantId) => {
    const counts = await Promise.all(target.nodes.map(async (server) => (await usersOf(server, grantId)).length));
    return Math.max(...counts);
  },
  close: target.drop,
});

export const WORLDS: WorldOption[] = [
  { title: 'Redis with an ACL file', open: async () => worldOf(await createTarget()) },
  {
    title: 'three nodes of Redis without an ACL file',
    open: async () => worldOf(await createTarget({ nodes: 3, hasFile: false })),
  },
];
