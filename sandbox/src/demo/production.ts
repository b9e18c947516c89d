/** Latchkey's database and the pretend production databases beside it, made on the first start and left alone after. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { ROOT } from './options.ts';
import type { Settings } from './settings.ts';

export type Urls = {
  /** Latchkey's own database, as its owner. */
  latchkey: string;
  /** As the logins that Latchkey grants with: they may make logins for their groups and end sessions, and read nothing. */
  shopAdmin: string;
  billingAdmin: string;
  /** Superuser, for what only the demo does: watching, and moving a deadline when asked to. */
  watch: string;
};

export const SHOP = 'shop';
const BILLING = 'billing';
export const TARGET_DATABASES = [SHOP, BILLING];
const LATCHKEY = 'latchkey';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

export const urlFor = (server: string, database: string, login?: { user: string; password: string }): string => {
  const url = new URL(server);
  url.pathname = `/${database}`;
  if (login) url.username = encodeURIComponent(login.user);
  if (login) url.password = encodeURIComponent(login.password);
  return url.href;
};

export const urlsOf = (server: string, { passwords }: Settings): Urls => ({
  latchkey: urlFor(server, LATCHKEY, { user: 'latchkey', password: passwords.latchkey }),
  shopAdmin: urlFor(server, SHOP, { user: 'latchkey_admin', password: passwords.shopAdmin }),
  billingAdmin: urlFor(server, BILLING, { user: 'latchkey_billing_admin', password: passwords.billingAdmin }),
  watch: urlFor(server, LATCHKEY),
});

export const withClient = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url, application_name: 'latchkey demo' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const ensureRole = async (client: pg.Client, role: string, options: string): Promise<void> => {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
  await client.query(`${rowCount ? 'alter' : 'create'} role ${name(role)} ${options}`);
};

type Admin = { role: string; password: string; groups: string[] };

/** As docs/targets recommend it: CREATEROLE, the right to end sessions, and the right to grant its own groups; no superuser, no data. */
const ensureAdmin = async (client: pg.Client, admin: Admin): Promise<void> => {
  for (const group of admin.groups) await ensureRole(client, group, 'nologin');
  await ensureRole(client, admin.role, `login createrole password ${literal(admin.password)}`);
  await client.query(`grant pg_signal_backend to ${name(admin.role)}`);
  for (const group of admin.groups)
    await client.query(`grant ${name(group)} to ${name(admin.role)} with admin true, inherit false, set false`);
};

const ensureRoles = async (client: pg.Client, { passwords }: Settings): Promise<void> => {
  await ensureRole(client, LATCHKEY, `login password ${literal(passwords.latchkey)}`);
  await ensureAdmin(client, {
    role: 'latchkey_admin',
    password: passwords.shopAdmin,
    groups: ['app_read', 'app_write'],
  });
  await ensureAdmin(client, {
    role: 'latchkey_billing_admin',
    password: passwords.billingAdmin,
    groups: ['billing_read'],
  });
};

const hasDatabase = async (client: pg.Client, database: string): Promise<boolean> =>
  (await client.query('select from pg_database where datname = $1', [database])).rowCount !== 0;

/** A half-made one is never seen: it is filled under another name. */
const ensureFilled = async (server: string, client: pg.Client, database: string): Promise<void> => {
  const sql = readFileSync(path.join(ROOT, 'sandbox', 'src', 'demo', `${database}.sql`), 'utf8');
  const hash = createHash('sha256').update(sql).digest('hex').slice(0, 12);
  const { rows } = await client.query<{ mark: string | null }>(
    `select shobj_description(oid, 'pg_database') as mark from pg_database where datname = $1`,
    [database],
  );
  if (rows[0]?.mark === hash) return;
  const half = `${database}_new`;
  await client.query(`drop database if exists ${name(half)} with (force)`);
  await client.query(`create database ${name(half)} strategy file_copy`);
  await withClient(urlFor(server, half), async (inside) => void (await inside.query(sql)));
  await client.query(`comment on database ${name(half)} is ${literal(hash)}`);
  await client.query(`drop database if exists ${name(database)} with (force)`);
  await client.query(`alter database ${name(half)} rename to ${name(database)}`);
};

const ensureLatchkey = async (client: pg.Client): Promise<void> => {
  if (!(await hasDatabase(client, LATCHKEY)))
    await client.query(`create database ${LATCHKEY} owner ${LATCHKEY} strategy file_copy`);
  // Borrowed logins are for production; nobody but the app gets into its own database.
  await client.query(`revoke all on database ${LATCHKEY} from public`);
};

/** How far Latchkey's database is, so that most starts need not run `latchkey migrate`. `url`: that database. */
export const migrationState = async (url: string): Promise<'current' | 'behind' | 'foreign'> => {
  const journal = JSON.parse(readFileSync(path.join(ROOT, 'migrations', 'meta', '_journal.json'), 'utf8')) as {
    entries: { when: number }[];
  };
  const known = new Set(journal.entries.map(({ when }) => when));
  return await withClient(url, async (client) => {
    const { rows: tables } = await client.query<{ isThere: boolean }>(
      `select to_regclass('public.schema_migrations') is not null as "isThere"`,
    );
    if (!tables[0]?.isThere) return 'behind';
    const { rows } = await client.query<{ created_at: string }>('select created_at from schema_migrations');
    const applied = new Set(rows.map((row) => Number(row.created_at)));
    if ([...applied].some((when) => !known.has(when))) return 'foreign';
    return applied.size === known.size ? 'current' : 'behind';
  });
};

/** How often Latchkey has taken up rules. `url`: its database. */
export const policiesLoaded = async (url: string): Promise<number> =>
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::int as count from audit_events where type = 'policy.loaded'`,
    );
    return rows[0]?.count ?? 0;
  });

/** The roles, and Latchkey's own database, which is empty at first. */
export const prepareServer = (server: string, settings: Settings): Promise<void> =>
  withClient(server, async (client) => {
    await ensureRoles(client, settings);
    await ensureLatchkey(client);
  });

/** Brings production to where the app can be started on it. */
export const fillProduction = (server: string): Promise<void> =>
  withClient(server, async (client) => {
    for (const database of TARGET_DATABASES) await ensureFilled(server, client, database);
  });
