/** What is changed in a target by hand is found: what Latchkey made is put right, the rest is told, and much at once is asked about first. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import pg from 'pg';
import { startPrivatePostgres } from '../support/services.ts';
import type { PrivateServer } from '../support/services.ts';
import { openSession, storyOf, until, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

const RULES = `
rules:
  - name: At once
    approve: true
pending: 4h
claim: 1h
admins: [security]
`;
const why = 'look at the stuck orders';

let world: World;
let story: Story;
/** Roles are of the whole server, and this changes some as nobody should; so it is nobody else's. */
let production: PrivateServer;
beforeAll(async () => {
  production = await startPrivatePostgres();
});
afterEach(() => world.stop());
afterAll(() => production.remove());

const begin = async (): Promise<void> => {
  world = await startWorld({ rules: RULES, targetAdminUrl: production.url });
  story = storyOf(world);
  await world.start();
  await world.start();
};
const count = async (where: string): Promise<number> =>
  (await world.sql<{ n: number }>(`select count(*)::int as n from ${where}`))[0]?.n ?? -1;
const active = (amount: number) =>
  until(async () => (await count(`grants where state = 'active'`)) === amount, `${amount} active grants`, 60_000);

const ask = async (who: string): Promise<void> => {
  const before = await count('grants');
  await world.slack.as(who).command('/prod-access', `orders-db read 30m ${why}`, 'general');
  await until(async () => (await count(`grants where state = 'active'`)) > before, 'the grant');
};
const loginOf = async (who: string): Promise<string> => {
  const [row] = await world.sql<{ login: string }>(
    `select g.handle ->> 'role' as login from grants g join people p on p.id = g.grantee_id where p.name ilike '%${who}%' order by g.created_at desc limit 1`,
  );
  return row?.login ?? '';
};
/** Lets the next look come now, and waits until it was made. */
const lookNow = async (): Promise<void> => {
  await until(async () => (await count('drift_checks')) > 0, 'the clock of the looks');
  await world.sql('update drift_checks set next_at = now()');
  await until(async () => (await count('drift_checks where next_at > now()')) === 1, 'the look');
};
const findings = (): Promise<{ kind: string; state: string; name: string }[]> =>
  world.sql('select kind, state, name from drift_findings order by kind, name');
const found = (kind: string, state: string) =>
  until(
    async () => (await findings()).some((one) => one.kind === kind && one.state === state),
    `${kind} ${state}`,
    30_000,
  );
const roles = (login: string) =>
  world.targetSql<{ until: Date; groups: string[] }>(
    `select rolvaliduntil as until, array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid) as groups
     from pg_roles r where rolname = $1`,
    [login],
  );

test('a deadline that was moved and a group that was added by another program are put back, and told once', async () => {
  await begin();
  await ask('ada');
  const login = await loginOf('ada');
  const [before] = await roles(login);
  await withClient(world.target.managerUrl, (client) =>
    client.query(`alter role "${login}" valid until 'infinity'; grant ${world.target.groups.app_write} to "${login}"`),
  );
  await lookNow();
  await found('deadline', 'repaired');
  await found('wider', 'repaired');
  expect(await roles(login)).toEqual([before]);
  expect(await count(`grants where state = 'active'`)).toBe(1);
  const told = seen(await story.dm('sam', 'A target was changed outside of Latchkey'));
  expect(told).toMatch(/it has no deadline in the target any more \(.*\)\. Put back\./);
  expect(told).toContain('it was put into more groups');
  expect((await story.events()).filter((type) => type.startsWith('drift.'))).toEqual([
    'drift.found',
    'drift.found',
    'drift.repaired',
    'drift.repaired',
  ]);
  await lookNow();
  await lookNow();
  expect(await count(`announcements where kind = 'drift_found'`)).toBe(1);
});

test('what only a superuser can take back ends the access; so does a login that was closed or removed by hand', async () => {
  await begin();
  for (const who of ['ada', 'rita', 'oscar', 'ines']) await ask(who);
  const [wide, closed, gone] = await Promise.all([loginOf('ada'), loginOf('rita'), loginOf('oscar')]);
  await world.targetSql(`grant ${world.target.groups.app_write} to "${wide}"`);
  await world.targetSql(`alter role "${closed}" nologin`);
  await world.targetSql(`drop role "${gone}"`);
  await lookNow();
  await until(async () => (await count(`grants where state = 'removed'`)) === 3, 'the ends');
  expect(await world.logins()).toEqual([await loginOf('ines')]);
  expect(seen(await story.dm('ada', '*Ended*'))).toContain('made wider in the target');
  expect(seen(await story.dm('rita', '*Ended*'))).toContain('closed it by hand');
  expect(seen(await story.dm('oscar', '*Ended*'))).toContain('already gone');
  const outcomes = await world.sql(
    `select end_outcome as outcome from grants where end_outcome is not null order by 1`,
  );
  expect(outcomes).toEqual([{ outcome: 'already_absent' }, { outcome: 'removed' }, { outcome: 'removed' }]);
});

test('a login that is there again after its grant has ended is ended again, with its sessions', async () => {
  await begin();
  await ask('ada');
  const login = await loginOf('ada');
  const [mark] = await world.targetSql<{ comment: string }>(
    `select shobj_description(oid, 'pg_authid') as comment from pg_roles where rolname = '${login}'`,
  );
  await world.slack.as('ada').command('/prod-access', 'done', 'general');
  await until(async () => (await count(`grants where state = 'removed'`)) === 1, 'the end');
  // As another program that puts roles back would do it.
  await withClient(world.target.managerUrl, (client) =>
    client.query(
      `create role "${login}" login password 'again'; comment on role "${login}" is ${pg.escapeLiteral(mark?.comment ?? '')}; grant ${world.target.groups.app_read} to "${login}"`,
    ),
  );
  const url = new URL(world.target.url);
  url.username = login;
  url.password = 'again';
  const { isCut } = await openSession(url.href);
  await lookNow();
  await isCut;
  await found('survived', 'repaired');
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
  expect(await world.sql('select state from grants')).toEqual([{ state: 'removed' }]);
});

test('logins of another Latchkey on the same server, and names that only look alike, are told and never touched', async () => {
  await begin();
  await ask('ada');
  const mine = await loginOf('ada');
  const other = await startWorld({ rules: RULES, targetAdminUrl: production.url });
  try {
    // The other one keeps its own ledger, and works in the same database of the same server.
    other.env['ORDERS_DB_ADMIN_URL'] = world.target.managerUrl;
    const { readFileSync, writeFileSync } = await import('node:fs');
    const policy = readFileSync(other.policyPath, 'utf8');
    writeFileSync(
      other.policyPath,
      policy
        .replaceAll(other.target.groups.app_read, world.target.groups.app_read)
        .replaceAll(other.target.groups.app_write, world.target.groups.app_write),
    );
    await other.start();
    await other.slack.as('rita').command('/prod-access', `orders-db read 30m ${why}`, 'general');
    const theirs = await until(async () => (await world.logins()).find((login) => login !== mine), 'their login');
    await world.targetSql('create role lk_by_hand login');
    const all = await world.targetSql(`select * from pg_roles where rolname like 'lk\\_%' order by 1`);
    await lookNow();
    await found('unknown', 'open');
    await found('lookalike', 'open');
    const told = seen(await story.dm('sam', 'Latchkey leaves it alone'));
    expect(told).toContain(theirs);
    expect(told).toContain('lk_by_hand');
    await lookNow();
    expect(await world.targetSql(`select * from pg_roles where rolname like 'lk\\_%' order by 1`)).toEqual(all);
    expect((await findings()).map(({ kind, state }) => `${kind} ${state}`)).toEqual(['lookalike open', 'unknown open']);
    expect(await count(`announcements where kind = 'drift_found'`)).toBe(1);
    await world.targetSql('drop role lk_by_hand');
    await other.sql(`update grants set expires_at = now()`);
    await until(async () => !(await world.logins()).includes(theirs), 'the end of theirs');
  } finally {
    await other.stop();
  }
  await lookNow();
  await found('lookalike', 'gone');
});

test('a role that was made by Latchkey’s own rights is told to admins once, with what removes it, and left alone', async () => {
  await begin();
  const name = 'svc_report';
  await withClient(world.target.managerUrl, async (client) => {
    await client.query(`create role ${name} login in role ${world.target.groups.app_read}`);
  });
  await lookNow();
  await found('stray', 'open');
  const said = seen(await story.dm('sam', name)).replaceAll(String.raw`\"`, '"');
  expect(said).toContain(`REVOKE "${world.target.groups.app_read}" FROM "${name}"`);
  expect(said).toContain('Latchkey leaves it alone');
  await lookNow();
  expect(await count(`announcements where kind = 'drift_found'`)).toBe(1);
  expect(await world.targetSql('select from pg_roles where rolname = $1', [name])).toHaveLength(1);
  await world.targetSql(`drop role ${name}`);
  await lookNow();
  await found('stray', 'gone');
});

test('thirty at once: nothing is touched before an admin said so, others may not, and then all are put right', async () => {
  await begin();
  const ids = Array.from({ length: 30 }, (_, index) => `U0P${index}`);
  for (const [index, id] of ids.entries()) {
    world.slack.addPerson({ id, name: `p${index}`, email: `p${index}@acme.test` });
    world.slack.state.channels.get('C0GENERAL')?.members.add(id);
  }
  await Promise.all(
    ids.map((id) => world.slack.as(id).command('/prod-access', `orders-db read 30m ${why}`, 'general')),
  );
  await active(30);
  const logins = await world.logins();
  await withClient(world.target.managerUrl, (client) =>
    client.query(logins.map((login) => `alter role "${login}" valid until '2040-01-01';`).join('\n')),
  );
  const moved = async (): Promise<number> =>
    (await world.targetSql(`select 1 from pg_roles where rolname like 'lk\\_%' and rolvaliduntil = '2040-01-01'`))
      .length;
  await lookNow();
  const asked = await story.dm('sam', 'Repair these 30');
  expect(seen(asked)).toContain('30 repairs are due, and 30 grants live there');
  expect(await moved()).toBe(30);
  await lookNow();
  expect(await count('drift_batches')).toBe(1);

  await world.slack.as('sam').click(asked, 'repair_drift');
  await until(async () => (await moved()) === 0, 'the repairs', 60_000);
  expect(seen(await story.dm('sam', '30 of 30 are repaired'))).toContain('As an admin decided');
  const closed = await story.dm('sam', 'has these 30 repaired');
  expect(seen(closed)).not.toContain('repair_drift');
  await world.slack.as('sam').clickStale(asked, 'leave_drift');
  await story.dm('sam', 'This was already decided');
  const states = await world.sql(`select state, count(*)::int as n from drift_findings group by 1`);
  expect(states).toEqual([{ state: 'repaired', n: 30 }]);
  expect(await count(`audit_events where type = 'drift.repaired'`)).toBe(30);
  expect(await count(`grants where state = 'active'`)).toBe(30);
});

test('what an admin leaves is left, and not told again', async () => {
  await begin();
  for (const who of ['ada', 'rita', 'oscar', 'ines', 'olga']) await ask(who);
  const logins = await world.logins();
  await world.targetSql(logins.map((login) => `alter role "${login}" valid until '2040-01-01';`).join('\n'));
  await lookNow();
  const asked = await story.dm('sam', 'Repair these 5');
  await world.slack.as('sam').click(asked, 'leave_drift');
  await story.dm('sam', 'left it as it is');
  await lookNow();
  await lookNow();
  expect((await findings()).map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'left'));
  expect(await count('announcements')).toBe(1);
  expect(await count(`grants where state = 'active'`)).toBe(5);
});
