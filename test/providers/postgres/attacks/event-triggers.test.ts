/** Event triggers run as whoever changes something: no function that a borrower can replace runs as Latchkey's role. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { contextOf, failureOf, textWith } from '../../connection.ts';
import { startVersion, VERSIONS } from '../servers.ts';
import { enter, urlFor, type Session } from '../target.ts';
import { createRig, sessionAt, type Rig } from './rig.ts';

type Sql = Rig['target']['sql'];

describe.each(VERSIONS.map((version) => ({ version })))('event triggers on Postgres $version', ({ version }) => {
  let rig: Rig;
  let pwned: string;

  beforeAll(async () => {
    rig = await createRig(await startVersion(version));
    pwned = `pwned_${rig.target.database}`;
  });
  afterEach(async () => {
    await rig.target.sql('drop event trigger if exists watch');
    await rig.target.sql('drop function if exists public.watched()');
    await rig.target.sql(`drop role if exists ${pwned}`);
  });
  afterAll(async () => await rig.tearDown());

  const watched = (body: string): string =>
    `create or replace function public.watched() returns event_trigger language plpgsql as $f$ begin ${body} end $f$`;
  const attack = (): string =>
    watched(`if current_user = '${rig.target.manager}' then execute 'create role ${pwned} login createrole'; end if;`);

  const install = async (sql: Sql, event = 'ddl_command_start'): Promise<void> => {
    await sql(watched(''));
    await sql(`alter function public.watched() owner to ${rig.target.write}`);
    await sql(`create event trigger watch on ${event} execute function public.watched()`);
  };

  /** Something of the login itself, so that its objects must be handed over before it is dropped. */
  const ownSomething = async (session: Session): Promise<void> => {
    await session.query('set role none; select lo_create(0)');
    await session.query(`set role ${rig.target.write}`);
  };

  /** Whatever came of the end, nothing ran as Latchkey. */
  const checked = async (end: () => Promise<unknown>): Promise<unknown> => {
    const [outcome] = await Promise.allSettled([end()]);
    expect(await rig.exists(pwned)).toBe(false);
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  };

  test('a group that owns the function of an event trigger is refused, and fit once it owns it no more', async () => {
    await install(rig.target.sql);
    const findings = (await rig.connection.preflight?.({ write: rig.scope }, contextOf())) ?? [];
    expect(findings).toContainEqual(expect.objectContaining({ code: 'group_owns_event_trigger', level: 'error' }));
    const failure = await failureOf(rig.connection.grant(rig.scope, contextOf()));
    expect(failure).toMatchObject({ kind: 'misconfigured', message: textWith('"watch"') });
    await rig.target.sql(failure.message.split('As a superuser: ')[1] ?? '');
    expect(await (await rig.borrow()).end()).toBe('removed');
  });

  test('one that was made meanwhile does not run as Latchkey when the login is dropped', async () => {
    const { session, end } = await rig.borrow();
    await install(rig.target.sql);
    await session.query(attack());
    await ownSomething(session);
    const failure = await failureOf(checked(end));
    expect(failure).toMatchObject({ kind: 'denied', message: textWith('ALTER EVENT TRIGGER "watch" DISABLE;') });
    await rig.target.sql(/: (ALTER EVENT TRIGGER .+ OWNER TO postgres;)/.exec(failure.message)?.[1] ?? '');
    expect(await checked(end)).toBe('removed');
  });

  test('one in another database of the server does not run as Latchkey either', async () => {
    const other = await rig.target.beside();
    await other.sql(`grant create on schema public to ${rig.target.write}`);
    await install(other.sql);
    const { session, access, end } = await rig.borrow();
    const elsewhere = await enter(access.secret, { database: other.database });
    await elsewhere.query(attack());
    await ownSomething(elsewhere);
    expect(await failureOf(checked(end))).toMatchObject({ kind: 'denied', message: textWith(`"${other.database}"`) });
    expect(session.isCut()).toBe(true);
    await other.sql('drop event trigger watch; drop function public.watched()');
    expect(await end()).toBe('removed');
  });

  test.runIf(version >= 17)('Latchkey does not log in to another database whose logins run one', async () => {
    const other = await rig.target.beside();
    await other.sql(`grant create on schema public to ${rig.target.write}`);
    await install(other.sql, 'login');
    const { access, end } = await rig.borrow();
    const elsewhere = await enter(access.secret, { database: other.database });
    await elsewhere.query(attack());
    await ownSomething(elsewhere);
    expect(await failureOf(checked(end))).toMatchObject({ kind: 'denied', message: textWith(`"${other.database}"`) });
    await other.sql('drop event trigger watch; drop function public.watched()');
    // Postgres notes at the next login that there is none any more.
    await (await sessionAt(urlFor(rig.target.superuserUrl, { database: other.database }))).leave();
    expect(await end()).toBe('removed');
  });
});
