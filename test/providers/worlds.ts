/** For each provider: a real target of its kind, and how a person uses the access there. The contract suite runs in these. */
import type { Json } from '../../src/domain/json.ts';
import type { Secret } from '../../src/providers/provider.ts';
import { HOSTILE_SERVERS, SERVERS, type TestServer } from './postgres/servers.ts';
import { configOf, createTarget, enter, type Session } from './postgres/target.ts';

export type Visit = {
  /** Who the target says it is, and as what it acts. */
  whoAmI(): Promise<{ person: string; actingAs: string }>;
  read: () => Promise<number>;
  /** Rejects where the role may only read. */
  write: () => Promise<void>;
  isCut: () => boolean;
  leave: () => Promise<void>;
};

export type World = {
  config: Json;
  roles: { read: { scope: Json; actsAs: string }; write: { scope: Json; actsAs: string } };
  /** Rejects when the target refuses the secret. */
  enter: (secret: Secret | undefined) => Promise<Visit>;
  /** How many accesses of this grant exist in the target, asked past the provider. */
  countOf: (grantId: string) => Promise<number>;
  close: () => Promise<void>;
};

export type WorldOption = { title: string; open: () => Promise<World> };

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

export const WORLDS: Record<string, WorldOption[]> = {
  postgres: [...SERVERS, ...HOSTILE_SERVERS].map(({ title, start }) => ({
    title,
    open: async () => await postgresWorld(await start()),
  })),
};
