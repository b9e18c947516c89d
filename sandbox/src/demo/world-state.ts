/** One look at the demo's servers: who can log in, who is in, and what Latchkey believes about it. Reads only. */
import type pg from 'pg';
import { TARGET_DATABASES } from './production.ts';
import type { Hosts } from './hosts/hosts.ts';
import type { WorldLogin, WorldState } from './world.ts';

/** Latchkey's mark on the logins it makes: who has it, and for which grant and database. */
type Mark = { latchkey?: { grant?: string; database?: string; person?: string } };

export const readLoginMark = (comment: string | null): NonNullable<Mark['latchkey']> | null => {
  if (!comment?.startsWith('{"latchkey":')) return null;
  try {
    return (JSON.parse(comment) as Mark).latchkey ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

type LoginRow = {
  role: string;
  comment: string | null;
  memberOf: string[];
  canLogIn: boolean;
  validUntil: Date | null;
};

/** Without the superuser and Latchkey's own logins: nobody knows their passwords, and people are what the panel is about. */
const LOGINS = `
  select r.rolname as role, shobj_description(r.oid, 'pg_authid') as comment,
    r.rolcanlogin and (r.rolvaliduntil is null or r.rolvaliduntil > clock_timestamp()) as "canLogIn",
    case when isfinite(r.rolvaliduntil) then r.rolvaliduntil end as "validUntil",
    array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
      where m.member = r.oid and m.roleid <> 'pg_signal_backend'::regrole and (m.inherit_option or m.set_option) order by 1) as "memberOf"
  from pg_roles r
  where not r.rolsuper and r.rolname not like 'latchkey%' and (r.rolcanlogin or r.rolname like 'lk\\_%')
  order by r.rolname like 'lk\\_%' desc, r.rolname`;

type SessionRow = { pid: number; role: string; state: string | null; query: string };

/** The short visits of Latchkey's own logins are left out: they would flicker in the panel. */
const SESSIONS = `
  select pid, usename::text as role, state, left(query, 300) as query
  from pg_stat_activity
  where datname = any($1) and backend_type = 'client backend' and usename is not null
    and usename not like 'latchkey%' and usename <> 'postgres'
  order by backend_start`;

type GrantRow = { id: string; userId: string; target: string; role: string; state: string; expiresAt: Date };

/** It ends with its incident where that is closed sooner and its owner does not keep it. */
const GRANTS = `
  select g.id, coalesce(p.user_id, replace(g.grantee_id, 'client:', '')) as "userId", g.target, g.role, g.state, least(g.expires_at,
    case when i.state = 'closed' and (g.kept_at is null or g.kept_at < i.closed_at) then i.ends_at end) as "expiresAt"
  from grants g left join people p on p.id = g.grantee_id
  join requests r on r.id = g.request_id left join incidents i on i.id = r.incident_id
  where g.state in ('activating', 'active', 'ending') order by "expiresAt"`;

const livingGrants = async (pool: pg.Pool, nameOf: Seen['nameOf']): Promise<WorldState['grants']> => {
  const { rows } = await pool.query<GrantRow>(GRANTS);
  return rows.map(({ userId, expiresAt, ...grant }) => ({
    ...grant,
    person: nameOf(userId),
    expiresAt: expiresAt.toISOString(),
  }));
};

/** `nameOf`: how the workspace calls a person, by Slack user id. */
type Seen = { nameOf(userId: string): string; hosts: Pick<Hosts, 'look'> };

export const readWorld = async (pool: pg.Pool, { nameOf, hosts }: Seen): Promise<WorldState> => {
  const [others, logins, sessions, grants] = await Promise.all([
    hosts.look(),
    pool.query<LoginRow>(LOGINS),
    pool.query<SessionRow>(SESSIONS, [TARGET_DATABASES]),
    livingGrants(pool, nameOf),
  ]);
  const holderOf = (grantId: string | undefined): string | null =>
    grants.find(({ id }) => id === grantId)?.person ?? null;
  return {
    logins: [
      ...others.logins.map((login): WorldLogin => ({ ...login, person: holderOf(login.grantId ?? undefined) })),
      ...logins.rows.map(({ comment, validUntil, ...login }): WorldLogin => {
        const mark = readLoginMark(comment);
        return {
          ...login,
          server: 'Postgres',
          grantId: mark?.grant ?? null,
          person: holderOf(mark?.grant) ?? mark?.person ?? null,
          validUntil: validUntil?.toISOString() ?? null,
        };
      }),
    ],
    sessions: [...others.sessions, ...sessions.rows.map((row) => ({ ...row, state: row.state ?? 'idle' }))],
    grants,
    checkedAt: new Date().toISOString(),
  };
};
