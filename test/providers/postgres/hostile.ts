/**
 * A database in which a borrower did all that they can to have something of theirs run as Latchkey's role. It is made mechanically, from
 * the catalogue and from the words in the source of the providers, so that a statement that is added later is covered too.
 *
 * In schema `hostile`, for a connection that looks there first: everything of the catalogue, under its own name and with its own types.
 * In `public`, for a connection that looks in the catalogue first: functions and operators that Postgres prefers, as their types fit better.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { oncePerRun } from '../../support/once-per-run.ts';
import { closing } from '../../support/template.ts';

const PROVIDERS = fileURLToPath(new URL('../../../src/providers', import.meta.url));

const wordsOfProviders = (): string[] => {
  const files = readdirSync(PROVIDERS, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const text = files.map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8')).join('\n');
  return [...new Set(text.match(/[a-z_][a-z0-9_]*/g))];
};

/**
 * `nextval` stays counted when a transaction fails, where a row does not. Tests and borrowers come by the same functions and are not
 * recorded: of all roles only Latchkey's own are named so.
 */
const RECORDER = `
  create schema hostile;
  grant usage on schema hostile to public;
  create table hostile.log (what text, as_whom name default current_user);
  create sequence hostile.calls;
  grant insert on hostile.log to public;
  grant usage on sequence hostile.calls to public;
  create function hostile.seen(what text) returns bool language plpgsql set search_path = pg_catalog, pg_temp as $f$
  begin
    if session_user::text like 'latchkey\\_%' then
      perform nextval('hostile.calls');
      if current_setting('transaction_read_only') = 'off' then insert into hostile.log (what) values (what); end if;
    end if;
    return true;
  end $f$;
  create function pg_temp.try(statement text) returns bool language plpgsql as $f$
  begin
    execute statement;
    return true;
  exception when others then
    return false;
  end $f$;
  create function pg_temp.type_of(expression text) returns text language plpgsql as $f$
  declare result text;
  begin
    execute format('select pg_typeof(%s)', expression) into result;
    return result;
  exception when others then
    return null;
  end $f$;`;

/** What they give back does not matter: only Latchkey could come by one, and then the error says which it was. */
const SAME_NAMES = `
  set check_function_bodies = off;
  create function hostile.count_step(bigint) returns bigint language sql as $f$ select $1 + hostile.seen('function count')::int $f$;
  create aggregate hostile.count(*) (sfunc = hostile.count_step, stype = bigint, initcond = '0');
  select count(*) filter (where pg_temp.try(format('create function hostile.%I(%s) returns %s language plpgsql as %L', proname,
      pg_get_function_arguments(oid), pg_get_function_result(oid),
      format('begin perform hostile.seen(%L); raise exception %L; end', 'function ' || proname, 'hostile function ' || proname)))) as functions
    from pg_proc where pronamespace = 'pg_catalog'::regnamespace and prokind in ('f', 'a', 'w');
  select count(*) filter (where pg_temp.try(format('create operator hostile.%s (function = hostile.%I, %s rightarg = %s)', oprname, proname,
      case when oprkind = 'b' then format('leftarg = %s,', format_type(oprleft, null)) end, format_type(oprright, null)))) as operators
    from pg_operator o join pg_proc p on p.oid = o.oprcode where oprnamespace = 'pg_catalog'::regnamespace;
  select count(*) filter (where pg_temp.try(format('create domain hostile.%I as pg_catalog.%I check (hostile.seen(%L))', typname, typname, 'type ' || typname))) as types
    from pg_type where typnamespace = 'pg_catalog'::regnamespace and typtype = 'b' and typcategory <> 'A';
  select count(*) filter (where pg_temp.try(format('create view hostile.%I as select * from pg_catalog.%I where hostile.seen(%L)', relname, relname, 'table ' || relname))) as tables
    from pg_class where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v');
  grant select on all tables in schema hostile to public;`;

/** Of what the catalogue holds and of what Latchkey sends. */
const TYPES = `{text,name,oid,int4,int8,float8,numeric,bool,timestamptz,interval,jsonb,regclass,"\\"char\\"",text[],name[],oid[]}`;

/** Of each function that providers name: one argument of another type at a time, and all that are alike. A borrower's or a test's own call goes on to the catalogue's. */
const VARIANTS = `
  create temp table types as select unnest('${TYPES}'::text[]) as t, false as is_row
    union select relname, true from pg_class where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v') and relname = any(%WORDS%);
  create temp table called as
    select proname, string_to_array(oidvectortypes(proargtypes), ', ') as args from pg_proc
    where pronamespace = 'pg_catalog'::regnamespace and prokind = 'f' and not proretset and pronargs between 1 and 4 and proname = any(%WORDS%);
  create temp table variants as
    select distinct on (proname, changed) proname, changed as types, (
        select string_agg(format(case when original ~ 'any|record' then '%s' else '%s::' || original end, 'null::' || t), ', ' order by n)
        from unnest(args, changed) with ordinality as a (original, t, n)) as nulls, (
        select string_agg(format(case when original ~ 'any|record' then '$%s' else '$%s::' || original end, n), ', ' order by n)
        from unnest(args) with ordinality as a (original, n)) as params
    from called c, generate_subscripts(args, 1) i, types, (values (true), (false)) as how (is_all),
      lateral (select case when is_all then array_replace(args, args[i], t) else args[:i - 1] || t || args[i + 1:] end) as v (changed)
    where t <> args[i] and (not is_row or args[i] like '%any%') and changed::text not like '%any%'
      and not exists (select from called o where o.proname = c.proname and o.args = changed);
  select count(*) filter (where pg_temp.try(format('create function public.%I(%s) returns %s language plpgsql as %L', proname,
      array_to_string(types, ', '), pg_temp.type_of(format('pg_catalog.%I(%s)', proname, nulls)),
      format('begin perform hostile.seen(%L); return pg_catalog.%I(%s); end', 'overload ' || proname || types::text, proname, params)))) as overloads
    from variants;`;

/** For every operator: each type with itself, with a text and with a name, where the catalogue has none and converts. */
const OPERATOR_VARIANTS = `
  create temp table pairs as
    select distinct oprname, l, r from (select distinct oprname from pg_operator where oprkind = 'b') as o,
      unnest('${TYPES}'::text[]) as t, lateral (values (t, t), (t, 'text'), ('text', t), (t, 'name'), ('name', t)) as p (l, r)
    where not exists (select from pg_operator e where e.oprname = o.oprname and e.oprleft = l::regtype and e.oprright = r::regtype);
  create temp table fitting as
    select row_number() over () as n, * from (
      select *, pg_temp.type_of(format('null::%s operator(pg_catalog.%s) null::%s', l, oprname, r)) as result from pairs offset 0) as all_pairs
    where result is not null;
  select count(*) filter (where
      pg_temp.try(format('create function hostile.%I(%s, %s) returns %s language plpgsql as %L', 'operator_' || n, l, r, result,
        format('begin perform hostile.seen(%L); return $1 operator(pg_catalog.%s) $2; end', format('operator %s (%s, %s)', oprname, l, r), oprname)))
      and pg_temp.try(format('create operator public.%s (function = hostile.%I, leftarg = %s, rightarg = %s)', oprname, 'operator_' || n, l, r))) as operators
    from fitting;`;

const TEMPLATE = 'hostile_template';

const makeHostile = async (client: pg.Client): Promise<void> => {
  const words = `${pg.escapeLiteral(`{${wordsOfProviders().join(',')}}`)}::text[]`;
  for (const sql of [RECORDER, SAME_NAMES, VARIANTS.replaceAll('%WORDS%', () => words), OPERATOR_VARIANTS])
    await client.query(sql);
};

const urlOf = (adminUrl: string, database: string): string => {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
};

const onServer = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** The name of a database to copy; made once in each server of a run. */
export const hostileTemplate = async (adminUrl: string): Promise<string> =>
  await oncePerRun(`hostile-${new URL(adminUrl).port}`, async () => {
    await onServer(adminUrl, async (admin) => await admin.query(`create database ${TEMPLATE}`));
    await onServer(urlOf(adminUrl, TEMPLATE), makeHostile);
    await onServer(adminUrl, async (admin) => await admin.query(closing(TEMPLATE)));
    return TEMPLATE;
  });

/** For Latchkey's role, as the owner of a database could do for everybody in it. */
export const hostilePathSql = (manager: string): string =>
  `alter role ${manager} set search_path = hostile, public, pg_catalog, pg_temp`;

/** What ran as Latchkey's role in this database; empty is what there should be. */
export const recordedIn = async (url: string): Promise<string[]> =>
  await onServer(url, async (client) => {
    const { rows: calls } = await client.query<{ n: number }>(
      'select case when is_called then last_value else 0 end::int as n from hostile.calls',
    );
    const { rows } = await client.query<{ said: string }>(
      `select distinct what || ' as ' || as_whom as said from hostile.log order by 1`,
    );
    const n = calls[0]?.n ?? 0;
    return n === 0 ? [] : [`${n} calls in ${new URL(url).pathname.slice(1)}`, ...rows.map(({ said }) => said)];
  });
