/** MariaDB for the contract suite. */
import type { Visit, World, WorldOption } from '../worlds.ts';
import { configOf, createTarget, enter, scopeOf, type Session } from './target.ts';

const visitOf = (session: Session): Visit => ({
  whoAmI: async () => {
    const [row] = await session.query<{ person: string; actingAs: string }>(
      'select current_user() as person, current_role() as actingAs',
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

const mariaDbWorld = async (): Promise<World> => {
  const target = await createTarget();
  return {
    config: configOf(target),
    roles: {
      read: { scope: scopeOf(target.read), actsAs: target.read },
      write: { scope: scopeOf(target.write), actsAs: target.write },
    },
    enter: async (secret) => visitOf(await enter(secret)),
    countOf: async (grantId) => (await target.sql(`select 1 from mysql.user where user like '%${grantId}%'`)).length,
    close: target.drop,
  };
};

export const WORLDS: WorldOption[] = [{ title: 'MariaDB 10.11', open: mariaDbWorld }];
