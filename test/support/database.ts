/** Databases for one test file: Latchkey's own, migrated; and a production database for grants to be made in. */
import pg from 'pg';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { openPool } from './pool.ts';
import { randomSuffix, testServices } from './services.ts';
import type { TestServices } from './services.ts';

export interface TestDatabase {
  /** Superuser, this database. */
  url: string;
  /** Superuser, the cluster's "postgres" database. */
  adminUrl: string;
  name: string;
  /** Deletes the database. Throws when a connection was left open: a leaked pool in a test is a leaked pool in the program. */
  drop(): Promise<void>;
}

export interface TargetDatabase<Group extends string> extends TestDatabase {
  /** A login as Latchkey should have in production: may create roles, give these groups and end sessions, and nothing else. */
  managerUrl: string;
  /** The real name of each group role asked for: roles belong to the whole cluster, so each has a random suffix. */
  groups: Record<Group, string>;
}

/** A copy of the migrated template. */
export async function createTestDatabase(services: TestServices = testServices()): Promise<TestDatabase> {
  const { adminUrl, templateName, templateProblem } = services;
  if (templateProblem) throw new Error(`The template database could not be migrated: ${templateProblem}`);
  const name = `latchkey_${randomSuffix()}`;
  await asAdmin(adminUrl, (admin) =>
    admin.query(`create database ${name} template ${templateName} strategy file_copy`),
  );
  return { url: urlFor(adminUrl, name), adminUrl, name, drop: () => dropDatabase(adminUrl, name) };
}

/** An empty database with group roles that may connect and use schema public; the caller makes tables and grants on them. */
export async function createTargetDatabase<Group extends string>(options: {
  groups: readonly Group[];
  /** Superuser of another cluster than the run's. */
  adminUrl?: string;
}): Promise<TargetDatabase<Group>> {
  const { adminUrl = testServices().adminUrl } = options;
  const suffix = randomSuffix();
  const name = `target_${suffix}`;
  const manager = `manager_${suffix}`;
  const password = randomSuffix();
  const groups = Object.fromEntries(options.groups.map((group) => [group, `${group}_${suffix}`])) as Record<
    Group,
    string
  >;
  const roles = Object.values<string>(groups);
  await asAdmin(adminUrl, async (admin) => {
    await admin.query(`create database ${name} strategy file_copy`);
    await admin.query(`create role ${manager} login createrole password '${password}'`);
    await admin.query(`grant pg_signal_backend to ${manager}`);
    for (const role of roles) {
      await admin.query(`create role ${role} nologin`);
      await admin.query(`grant ${role} to ${manager} with admin option`);
    }
  });
  const managerUrl = new URL(urlFor(adminUrl, name));
  managerUrl.username = manager;
  managerUrl.password = password;
  const drop = async (): Promise<void> => {
    await dropDatabase(adminUrl, name);
    await dropRoles(adminUrl, { groups: roles, manager });
  };
  return { url: urlFor(adminUrl, name), adminUrl, managerUrl: managerUrl.href, name, groups, drop };
}

/** The same login for another database of the cluster. */
function urlFor(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}

const pools = new Map<string, pg.Pool>();

/** Kept for a moment after use, since worlds come one after the other, and a connection costs as much as making a database. */
function poolOf(adminUrl: string): pg.Pool {
  const known = pools.get(adminUrl);
  if (known) return known;
  const pool = openPool(adminUrl, { max: 3, allowExitOnIdle: true });
  pools.set(adminUrl, pool);
  return pool;
}

async function asAdmin<T>(adminUrl: string, work: (admin: pg.PoolClient) => Promise<T>): Promise<T> {
  const admin = await poolOf(adminUrl).connect();
  try {
    return await work(admin);
  } finally {
    admin.release();
  }
}

interface Session {
  usename: string;
  application_name: string;
  state: string;
  query: string;
}

async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await asAdmin(adminUrl, async (admin) => {
    let leaked: Session[] = [];
    const areAllGone = async (): Promise<boolean> => {
      const found = await admin.query<Session>(
        `select usename, application_name, state, left(query, 200) as query from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
        [name],
      );
      leaked = found.rows;
      return leaked.length === 0;
    };
    // A closed connection's session takes a moment to end on the server.
    const outcome = await waitUntil(areAllGone, { timeoutMs: 60_000, what: `sessions of ${name} to end` }).catch(
      () => 'leaked',
    );
    await admin.query(`drop database ${name} with (force)`);
    if (outcome === 'leaked')
      throw new Error(`${leaked.length} connection(s) to ${name} were left open: ${JSON.stringify(leaked)}`);
  });
}

/** Drops the groups, and whatever logins the manager made and left behind, since those keep it from being dropped. */
async function dropRoles(
  adminUrl: string,
  { groups, manager }: { groups: readonly string[]; manager: string },
): Promise<void> {
  await asAdmin(adminUrl, async (admin) => {
    const made = await admin.query<{ rolname: string }>(
      `select member_of.rolname from pg_auth_members m join pg_roles member_of on member_of.oid = m.roleid join pg_roles member on member.oid = m.member
       where member.rolname = $1 and member_of.rolname <> 'pg_signal_backend'`,
      [manager],
    );
    const names = new Set([...made.rows.map((row) => row.rolname), ...groups]);
    await admin.query(`drop role ${[...names].map((role) => pg.escapeIdentifier(role)).join(', ')}`);
    await admin.query(`drop role ${manager}`);
  });
}
