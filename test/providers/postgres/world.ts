/** Postgres servers for the contract suite. */
import type { Visit, World, WorldOption } from '../worlds.ts';
import { EVERY_SERVER, type TestServer } from './servers.ts';
import { configOf, createTarget, enter, type Session } from './target.ts';

const visitOf = (session: Session): Visit => ({
  whoAmI: async () => {
    const [row] = await session.query<{ person: string; actingAs: string }>(
      'select session_user as person, current_user as "actingAs"',
    );
    return row ?? { person: '', actingAs: '' };
  },
  read: async () => (await session.query('select * from orders')).length,
  write: async () => {
    await session.query(`update orders set note = 'touched' where id = 1`);
  },
  isCut: session.isCut,
  leave: session.leave,
});

const postgresWorld = async (server: TestServer): Promise<World> => {
  const target = await createTarget(server.adminUrl, server.makers, server.template);
  return {
    config: configOf(target),
    roles: {
      read: { scope: { member_of: [target.read] }, actsAs: target.read },
      write: { scope: { member_of: [target.read, target.write], set_role: target.write }, actsAs: target.write },
    },
    enter: async (secret) => visitOf(await enter(secret)),
    countOf: async (grantId) =>
      (await target.sql('select from pg_roles where rolname like $1', [`%${grantId}%`])).length,
    close: async () => {
      await target.drop();
      await server.stop();
    },
  };
};

export const WORLDS: WorldOption[] = EVERY_SERVER.map(({ title, start }) => ({
  title,
  open: async () => await postgresWorld(await start()),
}));
