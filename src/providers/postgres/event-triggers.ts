/**
 * Event triggers run their function as the one who changes something, or logs in (17 and newer). A function that a borrower can replace must
 * not run as Latchkey: groups that own one are refused (`group-risks.ts`), and where one turned up all the same Latchkey changes nothing.
 */
import pg from 'pg';
import { ProviderError } from '../provider.ts';

const name = pg.escapeIdentifier;

/** Off only where a superuser set it so for Latchkey's role (17 and newer). */
const ARE_ON = `coalesce(current_setting('event_triggers', true), 'on') = 'on'`;

/** Functions that somebody else than a superuser may replace; the trigger's own owner is trusted, as long as the login is not in it. */
const REPLACEABLE = `
  select current_database()::text as database, e.evtname::text as trigger, p.oid::regprocedure::text as function, o.rolname::text as owner
  from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid join pg_roles o on o.oid = p.proowner
  where e.evtenabled in ('O', 'A') and not o.rolsuper and (p.proowner <> e.evtowner or pg_has_role($1, e.evtowner, 'MEMBER')) and ${ARE_ON}
  order by 2 limit 1`;

type Found = { database: string; trigger: string; function: string; owner: string };

/** Before anything is changed in a database. */
export const assertNoForeignTrigger = async (client: pg.ClientBase, login: string): Promise<void> => {
  const { rows } = await client.query<Found>(REPLACEABLE, [login]);
  const [found] = rows;
  if (!found) return;
  throw new ProviderError(
    'denied',
    `The login ${name(login)} is closed and has no session, but dropping it would run the event trigger ${name(found.trigger)} in the database ${name(found.database)}, ` +
      `and ${name(found.owner)} owns its function ${found.function}, so a borrower can have changed what it does. As a superuser, in that database, after a look at the function: ` +
      `ALTER EVENT TRIGGER ${name(found.trigger)} DISABLE; ALTER FUNCTION ${found.function} OWNER TO postgres; Latchkey then removes the login.`,
  );
};

const RUNS_AT_LOGIN = `
  select coalesce((to_jsonb(d)->>'dathasloginevt')::boolean, false) and ${ARE_ON} as "runsAtLogin" from pg_database d where d.datname = $1`;

/** From outside, a database reveals only that it has one. It would run before Latchkey could look at it. */
export const assertNothingRunsAtLogin = async (
  ask: (query: pg.QueryConfig) => Promise<{ runsAtLogin: boolean }[]>,
  { database, user }: { database: string; user: string },
): Promise<void> => {
  const [row] = await ask({ text: RUNS_AT_LOGIN, values: [database] });
  if (row?.runsAtLogin !== true) return;
  throw new ProviderError(
    'denied',
    `The database ${name(database)} runs an event trigger at each login, and a borrower may own its function, so Latchkey does not log in there. ` +
      `As a superuser: ALTER ROLE ${name(user)} SET event_triggers = off; or drop that event trigger.`,
  );
};
