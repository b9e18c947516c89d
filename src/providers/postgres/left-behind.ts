/**
 * What a borrower may have left. What somebody could still act by is cut with the first stroke, before the access is called closed; the
 * rest (prepared transactions, passwords and settings of groups) gives nobody access and is undone before the login is dropped.
 */
import pg from 'pg';
import { oneAtATime } from '../../lib/serializer.ts';
import { ProviderError, type ProviderLog } from '../provider.ts';
import { changeGroup, restoreSettings } from './group-restore.ts';
import { SETTINGS_OF, type SettingsOfGroup } from './group-settings.ts';
import type { Login } from './logins.ts';
import { rollBack, type Ended, type Prepared } from './prepared.ts';
import { endSessions } from './sessions.ts';
import { unblocking } from './unblock.ts';
import type { Server } from './server.ts';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

type Member = { oid: number; name: string; login: string; isOurs: boolean; sessions: number };
type Group = {
  oid: number;
  name: string;
  canLogin: boolean;
  sessions: number;
  settings: SettingsOfGroup;
};
type Left = { prepared: Prepared[]; members: Member[]; groups: Group[] };

/**
 * Prepared transactions of the ended logins, and of their groups where no other login is a member that could be its author. Members of
 * the ended logins, and theirs: their sessions may act as the group and go on doing so after the drop. Latchkey's own role and its creator
 * roles are members of what they made; so is the role that made a login since 16, without the right to act as it.
 */
const LOOK = `
  with recursive ended as (select oid, rolname from pg_roles where rolname = any($1)),
  latchkey as (select oid from pg_roles where rolname = current_user or starts_with(rolname::text, current_user || '_maker_')),
  edge as not materialized (
    select m.roleid, m.member from pg_auth_members m where m.member not in (select oid from latchkey)
      and (coalesce((to_jsonb(m)->>'set_option')::boolean, true) or coalesce((to_jsonb(m)->>'inherit_option')::boolean, true))
  ),
  member(oid, login) as (
    select m.member, e.rolname from edge m join ended e on e.oid = m.roleid
    union
    select m.member, u.login from edge m join member u on u.oid = m.roleid
  )
  select
    coalesce((select jsonb_agg(jsonb_build_object('gid', p.gid, 'owner', p.owner, 'database', p.database)) from pg_prepared_xacts p
      where p.owner = any($1::name[]) or (p.owner = any($2::name[]) and not exists (
        select from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member
        where g.rolname = p.owner and r.rolname <> all($1::name[]) and m.member not in (select oid from latchkey)
          and (r.rolcanlogin or r.rolname not like 'lk\\_%')))), '[]') as prepared,
    coalesce((select jsonb_agg(distinct jsonb_build_object('oid', r.oid::bigint, 'name', r.rolname, 'login', u.login,
        'isOurs', r.rolname like 'lk\\_%' and coalesce(starts_with(shobj_description(r.oid, 'pg_authid'), '{"latchkey":'), false),
        'sessions', (select count(*) from pg_stat_activity a where a.usesysid = r.oid)))
      from member u join pg_roles r on r.oid = u.oid where not r.rolsuper and u.oid not in (select oid from ended)), '[]') as members,
    coalesce((select jsonb_agg(jsonb_build_object('oid', r.oid::bigint, 'name', r.rolname, 'canLogin', r.rolcanlogin, 'settings', ${SETTINGS_OF},
        'sessions', case when exists (select from pg_subscription s where s.subowner = r.oid) then 0
          else (select count(*) from pg_stat_activity a where a.usesysid = r.oid) end))
      from pg_roles r where r.rolname = any($2)), '[]') as groups`;

const look = async (server: Server, { logins, groups }: Ended, signal: AbortSignal): Promise<Left> => {
  const values = [logins.map((login) => login.name), groups];
  const [left] = await server.query<Left>(signal, { name: 'latchkey_left', text: LOOK, values });
  return left ?? { prepared: [], members: [], groups: [] };
};

const assertCannotLogIn = (groups: readonly Group[]): void => {
  const open = groups.filter((group) => group.canLogin);
  if (open.length === 0) return;
  throw new ProviderError(
    'denied',
    `The access is closed, but the group ${open.map((group) => name(group.name)).join(', ')} can log in now, and a borrower may have set its password. ` +
      `As a superuser: ${open.map((group) => `ALTER ROLE ${name(group.name)} NOLOGIN PASSWORD NULL;`).join(' ')} Latchkey then removes the login.`,
  );
};

/**
 * First the ended login loses its groups, so that no new session reaches them through it. Then the sessions of those who could have
 * reached them are cut where they are Latchkey's; others are for people to cut, and until then nothing is said to be removed.
 */
const cutMembers = async (
  server: Server,
  { members, logins }: { members: readonly Member[]; logins: readonly Login[] },
  signal: AbortSignal,
): Promise<void> => {
  const revocations = logins.flatMap((login) =>
    login.groups.map((group) => `REVOKE ${name(group)} FROM ${name(login.name)};`),
  );
  await server.run(signal, async (client) => await client.query(revocations.join('\n')));
  const ours = members.filter((member) => member.isOurs);
  await endSessions(server, { oids: ours.map(({ oid }) => oid), names: ours.map((member) => member.name) }, signal);
  const others = members.filter((member) => !member.isOurs && member.sessions > 0);
  if (others.length === 0) return;
  const remedies = others.map(
    (member) =>
      `REVOKE ${name(member.login)} FROM ${name(member.name)}; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${literal(member.name)};`,
  );
  throw new ProviderError(
    'denied',
    `The access is closed, but ${others.map((member) => name(member.name)).join(', ')} was made a member of the login and has sessions that may still act with its rights. ` +
      `As a superuser: ${remedies.join(' ')} Latchkey then removes the login.`,
  );
};

type Context = { signal: AbortSignal; log: ProviderLog };
/** @throws ProviderError where somebody may still act by what was granted, and only others can end that. */
export const cutOthers = async (server: Server, ended: Ended, signal: AbortSignal): Promise<void> => {
  const left = await look(server, ended, signal);
  if (left.members.length > 0) await cutMembers(server, { members: left.members, logins: ended.logins }, signal);
  assertCannotLogIn(left.groups);
  const busy = left.groups.filter((group) => group.sessions > 0);
  await endSessions(server, { oids: busy.map(({ oid }) => oid), names: busy.map((group) => group.name) }, signal);
};

export type Undo = (ended: Ended, context: Context) => Promise<void>;

const RESET_MS = 10_000;

/** Passwords of one group are taken back once for all ends that wait for it. `false` where Latchkey may not. */
const createReset = (server: Server): ((group: string) => Promise<boolean>) =>
  oneAtATime(async (group) => {
    const signal = AbortSignal.timeout(RESET_MS);
    const sql = [`ALTER ROLE ${name(group)} PASSWORD NULL;`];
    const ended = { logins: [], groups: [group], noted: [] };
    return await unblocking(server, async () => await changeGroup(server, sql, signal), { ended, signal });
  });

export const createUndo = (server: Server): Undo => {
  const takePassword = createReset(server);
  return async (ended, context) => {
    const { signal, log } = context;
    const left = await look(server, ended, signal);
    for (const prepared of left.prepared) await rollBack(server, { prepared, logins: ended.logins }, signal);
    const taken = await Promise.all(left.groups.map(async (group) => await takePassword(group.name)));
    if (taken.includes(false))
      log.warn(
        { groups: ended.groups },
        'Latchkey may not change a group it granted, so a password that was set on it stays: see `latchkey doctor`',
      );
    await restoreSettings(server, { ended, groups: left.groups }, context);
  };
};
