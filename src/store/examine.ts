/** Looks at Latchkey's own database before it is needed. Changes nothing. */
import pg from 'pg';
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { Examined, Finding } from '../domain/finding.ts';
import type { Log } from '../lib/log.ts';
import type { Sealed } from '../lib/sealing.ts';
import { pluralize } from '../lib/pluralize.ts';
import { clearTextWarning } from './address.ts';
import type { DatabaseAddress } from './address.ts';
import { createPool } from './client.ts';
import { SCHEMA_SENTENCES, schemaState } from './migrate.ts';
import { writeProblem } from './write-problem.ts';

const { escapeIdentifier } = pg;

const OLDEST_VERSION = 140_000;
const SEALED_MAX = 1000;

export type DatabaseToExamine = DatabaseAddress & {
  /** Whether the configured keys open these credentials; null where there is no key. */
  opens: ((grantId: string, sealed: Sealed) => boolean) | null;
  log: Log;
};

type Self = { version: number; name: string; isSuperuser: boolean; isEncrypted: boolean; now: Date };

const SELF = `
  select current_setting('server_version_num')::int as version, current_database()::text as name, r.rolsuper as "isSuperuser",
    coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as "isEncrypted", clock_timestamp() as now
  from pg_roles r where r.rolname = current_user`;

const selfFindings = (self: Self, inTheClear: string | null): Finding[] =>
  [
    self.version < OLDEST_VERSION &&
      errorFinding(
        'old_version',
        `Postgres ${Math.floor(self.version / 10_000)} is too old: Latchkey needs 14 or newer.`,
      ),
    inTheClear !== null && warningFinding('not_encrypted', inTheClear),
    self.isSuperuser &&
      warningFinding(
        'superuser',
        'The role of DATABASE_URL is a superuser, which is more than Latchkey needs: make it a role of its own that owns its database.',
      ),
  ].filter((finding) => finding !== false);

type Creator = { place: string; role: string | null };

/**
 * Who may create in a schema, or make schemas, may put functions and operators where names are looked up, and so change what statements of
 * Latchkey mean. Not the owner of the database, nor roles whose rights Latchkey's role has; `role` is null for PUBLIC.
 */
const CREATORS = `
  with granted as (
    select 'SCHEMA ' || quote_ident(n.nspname) as place, a.grantee, a.privilege_type from pg_namespace n
      cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as a where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    union
    select 'DATABASE ' || quote_ident(d.datname), a.grantee, a.privilege_type from pg_database d
      cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a where d.datname = current_database()
  )
  select g.place, r.rolname::text as role from granted g
  left join pg_roles r on r.oid = g.grantee cross join (select oid, rolsuper from pg_roles where rolname = current_user) me
  where g.privilege_type = 'CREATE' and (g.grantee = 0 or (not r.rolsuper and r.oid <> me.oid and r.rolname <> 'pg_database_owner'
    and r.oid <> (select datdba from pg_database where datname = current_database()) and (me.rolsuper or not pg_has_role(me.oid, r.oid, 'USAGE'))))
  order by 1, 2`;
const CREATORS_MAX = 20;

const creatorFindings = async (pool: pg.Pool): Promise<Finding[]> => {
  const { rows } = await pool.query<Creator>(CREATORS);
  if (rows.length === 0) return [];
  const shown = rows.slice(0, CREATORS_MAX);
  const sqlOf = ({ place, role }: Creator): string =>
    `REVOKE CREATE ON ${place} FROM ${role === null ? 'PUBLIC' : escapeIdentifier(role)};`;
  const who = [...new Set(shown.map(({ role }) => role ?? 'PUBLIC'))].join(', ');
  const message = `Other roles may create functions in Latchkey's own database (${who}), and so change what its statements do. Run there: ${shown.map(sqlOf).join(' ')}`;
  return [warningFinding('others_create', message)];
};

const schemaFindings = (state: Awaited<ReturnType<typeof schemaState>>['state']): Finding[] =>
  state === 'current' ? [] : [errorFinding(`schema_${state}`, SCHEMA_SENTENCES[state])];

type Row = { grantId: string; keyId: string; nonce: Buffer; ciphertext: Buffer };

/** A key that was replaced without keeping the old one: people would find their credentials gone. */
const sealedFindings = async (pool: pg.Pool, opens: NonNullable<DatabaseToExamine['opens']>): Promise<Finding[]> => {
  const { rows } = await pool.query<Row>(
    'select grant_id as "grantId", key_id as "keyId", nonce, ciphertext from secrets order by created_at desc limit $1',
    [SEALED_MAX],
  );
  const closed = rows.filter(({ grantId, ...sealed }) => !opens(grantId, sealed)).length;
  if (closed === 0) return [];
  const message = `LATCHKEY_SECRET_KEY does not open ${closed} of ${rows.length} credentials of live access: put the key from before behind a comma.`;
  return [errorFinding('secret_key', message)];
};

const REMOVAL_LIMIT = '5 minutes';
const NOT_REMOVED = `
  select count(*)::int as count, coalesce(string_agg(distinct target, ', ' order by target), '') as targets
  from grants where state = 'closed' and closed_at < clock_timestamp() - interval '${REMOVAL_LIMIT}'`;

const removalFindings = async (pool: pg.Pool): Promise<Finding[]> => {
  const { rows } = await pool.query<{ count: number; targets: string }>(NOT_REMOVED);
  const [left] = rows;
  if (!left || left.count === 0) return [];
  const message = `${pluralize(left.count, 'closed grant')} could not be removed in ${left.targets} for over ${REMOVAL_LIMIT}. Nobody has access by it. The owners and the admins have a message with the cause and the statements to run.`;
  return [warningFinding('not_removed', message)];
};

/** Rejects with what Postgres or the network says where it cannot be reached. */
export const examineDatabase = async ({ opens, log, ...address }: DatabaseToExamine): Promise<Examined> => {
  const pool = createPool({ ...address, log, max: 1 });
  try {
    await pool.query('select 1');
    const sentAtMs = Date.now();
    const { rows } = await pool.query<Self>(SELF);
    const receivedAtMs = Date.now();
    const [self] = rows;
    if (!self) throw new Error('the role of DATABASE_URL is gone');
    const { state } = await schemaState(pool);
    const unwritable = await writeProblem(pool)();
    const findings = [
      ...selfFindings(self, clearTextWarning(address)),
      ...schemaFindings(state),
      ...(await creatorFindings(pool)),
      ...(unwritable === null ? [] : [errorFinding('not_writable', unwritable)]),
      ...(state === 'current' ? await removalFindings(pool) : []),
      ...(state === 'current' && opens !== null ? await sealedFindings(pool, opens) : []),
    ];
    const tls = self.isEncrypted ? 'TLS' : 'no TLS';
    return {
      about: `version ${Math.floor(self.version / 10_000)}, database ${self.name}, ${tls}`,
      findings,
      clock: { shownMs: self.now.getTime(), sentAtMs, receivedAtMs },
    };
  } finally {
    await pool.end();
  }
};
