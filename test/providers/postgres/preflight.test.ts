/** Each thing that is wrong with a target is one sentence with the SQL that fixes it, and that SQL does fix it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import { connectTo, contextOf } from '../connection.ts';
import { SERVERS, type TestServer } from './servers.ts';
import { configOf, createTarget, type Target } from './target.ts';
import type { Finding } from '../../../src/providers/provider.ts';

describe.each(SERVERS)('a look at $title', ({ start }) => {
  let target: Target;
  let server: TestServer;

  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => await server.stop());
  beforeEach(async () => {
    target = await createTarget(server.adminUrl, server.makers);
  });
  afterEach(async () => await target.drop());

  const look = async (config = configOf(target)): Promise<Finding[]> => {
    const connection = connectTo(postgres, config);
    const findings = await connection.preflight?.(
      { read: { member_of: [target.read] }, write: { member_of: [target.write, target.read] } },
      contextOf(),
    );
    await connection.disconnect();
    // The write group may create tables here, which is meant; `attacks/remains.test.ts` is about that.
    return (findings ?? []).filter(({ code }) => code !== 'group_leaves_behind');
  };
  /** The SQL at the end of the sentence. */
  const sqlOf = (finding: Finding | undefined): string =>
    /(?:As a superuser|As another superuser): ([^;]+;)/.exec(finding?.message ?? '')?.[1] ?? '';

  test('what Latchkey lacks is found, and fixed by the SQL in the sentences', async () => {
    expect(await look()).toEqual([]);
    await target.sql(
      `alter role ${target.manager} nocreaterole; revoke pg_signal_backend from ${target.manager}; alter role ${target.read} login createrole`,
    );
    const findings = await look();
    expect(findings.map(({ level, code }) => `${level} ${code}`).sort()).toEqual([
      'error group_can_login',
      'error group_makes_roles',
      'error no_createrole',
      'error no_signal',
    ]);
    for (const finding of findings) await target.sql(sqlOf(finding));
    expect(await look()).toEqual([]);
  });

  test('a group that is missing, or as strong as a superuser, is an error', async () => {
    await target.sql(`alter role ${target.read} superuser`);
    expect((await look()).map(({ code }) => code)).toContain('superuser_group');
    await target.sql(`alter role ${target.read} nosuperuser bypassrls`);
    expect((await look()).map(({ level, code }) => `${level} ${code}`)).toEqual([
      ...(target.version < 16 ? ['error group_password_stays'] : []),
      'warning strong_group',
    ]);
    await target.sql(`alter role ${target.read} nobypassrls; alter role ${target.read} rename to ${target.read}_gone`);
    expect(await look()).toMatchObject([{ level: 'error', code: 'no_group' }]);
    await target.sql(`alter role ${target.read}_gone rename to ${target.read}`);
  });

  test('a group that Latchkey may not lend is an error where Postgres asks for it', async () => {
    await target.sql(`revoke ${target.read} from ${target.manager}`);
    const findings = await look();
    expect(findings.map(({ code }) => code)).toEqual(target.version >= 16 ? ['no_admin_option'] : []);
    for (const finding of findings) await target.sql(sqlOf(finding));
    expect(await look()).toEqual([]);
  });

  test('working as a superuser is a warning', async () => {
    expect(
      (await look(configOf(target, { url: target.superuserUrl }))).map(({ level, code }) => `${level} ${code}`),
    ).toEqual(['warning superuser']);
  });
});
