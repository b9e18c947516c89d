/** A borrower who tries to keep something: a target, Latchkey's connection to it, and a session of the temporary login. */
import pg from 'pg';
import type { Json } from '../../../../src/domain/json.ts';
import type { Connection, Granted, ProviderContext } from '../../../../src/providers/provider.ts';
import { postgres } from '../../../../src/providers/postgres/postgres.ts';
import { connectTo, contextOf } from '../../connection.ts';
import { configOf, createTarget, enter, urlFor, valueOf, type Session, type Target } from '../target.ts';

export type Borrowed = {
  ctx: ProviderContext;
  access: Granted<Json>;
  login: string;
  session: Session;
  end: () => Promise<'removed' | 'already_absent'>;
};

export type Rig = {
  target: Target;
  connection: Connection<Json, Json>;
  /** Acts as the write group, and may act as the read group. */
  scope: Json;
  borrow: (scope?: Json) => Promise<Borrowed>;
  /** What somebody sees who logs in with a password of their own; rejects when the server refuses. */
  logIn: (user: string, password: string) => Promise<Session>;
  exists: (role: string) => Promise<boolean>;
  tearDown: () => Promise<void>;
};

export const createRig = async (adminUrl: string, makers = 0): Promise<Rig> => {
  const target = await createTarget(adminUrl, makers);
  const connection = connectTo(postgres, configOf(target));
  const scope = { member_of: [target.read, target.write], set_role: target.write, connection_limit: 50 };
  const borrow = async (wanted: Json = scope): Promise<Borrowed> => {
    const ctx = contextOf();
    const access = await connection.grant(wanted, ctx);
    const session = await enter(access.secret);
    const end = async (): Promise<'removed' | 'already_absent'> => await connection.revoke(wanted, access.handle, ctx);
    return { ctx, access, login: valueOf(access.secret, 'User'), session, end };
  };
  return {
    target,
    connection,
    scope,
    borrow,
    logIn: async (user, password) => await sessionAt(urlFor(target.superuserUrl, { user, password })),
    exists: async (role) => (await target.sql('select from pg_roles where rolname = $1', [role])).length > 0,
    tearDown: async () => {
      await connection.disconnect();
      await target.drop();
    },
  };
};

export const sessionAt = async (connectionString: string): Promise<Session> => {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  let isCut = false;
  client.on('error', () => (isCut = true));
  client.on('end', () => (isCut = true));
  await client.connect();
  return {
    client,
    query: async <Row extends object>(text: string) => (await client.query<Row>(text)).rows,
    isCut: () => isCut,
    leave: async () => await client.end(),
  };
};
