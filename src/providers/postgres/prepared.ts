/**
 * Prepared transactions (PREPARE TRANSACTION) keep their locks without a session, so no cut frees them. What an ended login left so is
 * rolled back; Postgres lets only its owner or a superuser do that, and Latchkey may act as the logins it made and the groups it grants.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ProviderError } from '../provider.ts';
import { codeOf } from '../kit/network-errors.ts';
import type { Login } from './logins.ts';
import { actingAs } from './creator-roles.ts';
import type { GroupSettings } from './group-settings.ts';
import type { Client, Server } from './server.ts';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

export type Prepared = { gid: string; owner: string; database: string };
/** `noted`: what the handles of the ended grants say was set on the groups, for logins that are gone with their comments. */
export type Ended = { logins: readonly Login[]; groups: readonly string[]; noted: readonly GroupSettings[] };

/** To be read by people: what to run, and where. */
const rollBackSentence = ({ gid, owner, database }: Prepared): string =>
  `The prepared transaction ${literal(gid)} of ${name(owner)} is in the way. As a superuser, in the database ${name(database)}: ROLLBACK PREPARED ${literal(gid)};`;

/**
 * A prepared transaction has locks and no process. It locks its own number and those of its savepoints; who waits for a row it changed
 * waits for one of these, who waits for an object waits for a lock that stands beside them. Of Latchkey's statements, those that name what
 * is ended here: others clear their own way.
 */
const IN_THE_WAY = `
  with waiting as (
    select l.* from pg_locks l join pg_stat_activity a on a.pid = l.pid
    where not l.granted and a.usesysid = (select oid from pg_roles where rolname = session_user)
      and (a.query = '' or exists (select from unnest($1::text[]) as n(name) where position(n.name in a.query) > 0))
  ), held as (
    select own.transactionid as xid, l.* from pg_locks own join pg_locks l on l.virtualtransaction = own.virtualtransaction
    where own.locktype = 'transactionid' and own.pid is null and own.granted and l.pid is null and l.granted
  )
  select distinct p.gid, p.owner::text as owner, p.database::text as database
  from waiting w join held h on h.locktype = w.locktype and h.database is not distinct from w.database and h.relation is not distinct from w.relation
    and h.page is not distinct from w.page and h.tuple is not distinct from w.tuple and h.transactionid is not distinct from w.transactionid
    and h.classid is not distinct from w.classid and h.objid is not distinct from w.objid and h.objsubid is not distinct from w.objsubid
  join pg_prepared_xacts p on p.transaction = h.xid`;

const IS_THERE = 'select from pg_prepared_xacts where gid = $1 and owner = $2 and database = $3';

const isThere = async (server: Server, { gid, owner, database }: Prepared, signal: AbortSignal): Promise<boolean> =>
  (await server.querySpare(signal, { text: IS_THERE, values: [gid, owner, database] })).length > 0;

const STANDING = `
  select current_setting('server_version_num')::int >= 160000 as "isModern",
    case when current_setting('server_version_num')::int >= 160000 then pg_has_role(current_user, $1, 'SET')
      else pg_has_role(current_user, $1, 'MEMBER') end as "canAct"`;

/**
 * Not in one transaction, since ROLLBACK PREPARED must not run in one. A process that stops in between leaves Latchkey able to act as a
 * group, which it could give itself at any time; the membership in a login goes with the login.
 */
const actingFor = async (
  client: Client,
  { owner, login }: { owner: string; login: Login | undefined },
  work: () => Promise<unknown>,
): Promise<void> => {
  const { rows } = await client.query<{ isModern: boolean; canAct: boolean }>(STANDING, [owner]);
  const me = rows[0];
  const creator = login?.creator ?? null;
  if (!me?.canAct) {
    const to = creator === null ? 'CURRENT_USER' : 'SESSION_USER';
    const join = `GRANT ${name(owner)} TO ${to}${me?.isModern ? ' WITH SET TRUE, INHERIT FALSE' : ''};`;
    await client.query(['BEGIN;', ...actingAs(creator, [join]), 'COMMIT;'].join('\n'));
  }
  try {
    await client.query(`SET ROLE ${name(owner)}`);
    await work();
  } finally {
    await client.query('RESET ROLE');
    if (!me?.canAct && !login) await client.query(`REVOKE ${name(owner)} FROM CURRENT_USER`);
  }
};

const NO_RIGHT = '42501';
/** Another process of Latchkey may act as the same group at the same moment. */
const TRIES = 5;
const AGAIN_MS = 40;

export const rollBack = async (
  server: Server,
  { prepared, logins }: { prepared: Prepared; logins: readonly Login[] },
  signal: AbortSignal,
): Promise<void> => {
  const { gid, owner, database } = prepared;
  const login = logins.find((each) => each.name === owner);
  const once = async (client: Client): Promise<void> =>
    await actingFor(client, { owner, login }, async () => await client.query(`ROLLBACK PREPARED ${literal(gid)}`));
  const untilGone = async (): Promise<void> => {
    for (let attempt = 1; await isThere(server, prepared, signal); attempt += 1) {
      try {
        await server.runIn(database, signal, once);
      } catch (error) {
        // What Latchkey itself refuses says what to do.
        if (!(error instanceof ProviderError) || (error.kind === 'denied' && codeOf(error.cause) === '')) throw error;
        const isInTurn = codeOf(error.cause) === NO_RIGHT || error.isRetried;
        if (attempt === TRIES || !isInTurn)
          throw new ProviderError('denied', rollBackSentence(prepared), { cause: error });
        await delay(AGAIN_MS * attempt * (0.5 + Math.random()), undefined, { signal });
      }
    }
  };
  await server.actingInTurn(untilGone, signal);
};

/** Rolls back what Latchkey's own statements wait for. @throws ProviderError at once when that is somebody else's, and says what to run. */
export const clearTheWay = async (server: Server, ended: Ended, signal: AbortSignal): Promise<void> => {
  const owners = [...ended.logins.map((login) => login.name), ...ended.groups];
  const found = await server.querySpare<Prepared>(signal, { text: IN_THE_WAY, values: [owners] });
  for (const prepared of found) {
    if (!owners.includes(prepared.owner)) throw new ProviderError('denied', rollBackSentence(prepared));
    await rollBack(server, { prepared, logins: ended.logins }, signal);
  }
};
