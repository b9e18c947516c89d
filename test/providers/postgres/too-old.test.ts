/** Postgres 14 is refused as a target with one sentence, and what was granted there before still ends. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import pg from 'pg';
import type { Connection } from '../../../src/providers/provider.ts';
import type { Json } from '../../../src/domain/json.ts';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import { writeMark } from '../../../src/providers/postgres/login-name.ts';
import { isForThisMachine } from '../../support/older-postgres.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { startVersion, TOO_OLD } from './servers.ts';
import { configOf, createTarget, type Target } from './target.ts';

describe.runIf(isForThisMachine(TOO_OLD))(`Postgres ${TOO_OLD}`, () => {
  let target: Target;
  let connection: Connection<Json, Json>;
  const scope = (): Json => ({ member_of: [target.read] });

  beforeAll(async () => {
    target = await createTarget(await startVersion(TOO_OLD));
    connection = connectTo(postgres, configOf(target));
  });
  afterAll(async () => {
    await connection.disconnect();
    await target.drop();
  });

  test('doctor says one error, with what to do', async () => {
    const findings = (await connection.preflight?.({ read: scope() }, contextOf())) ?? [];
    const errors = findings.filter(({ level }) => level === 'error');
    expect(errors).toEqual([
      { level: 'error', code: 'old_version', message: textWith('Upgrade the server to Postgres 15 or newer.') },
    ]);
  });

  test('no access is given, and nothing is made', async () => {
    const ctx = contextOf();
    const failure = await failureOf(connection.grant(scope(), ctx));
    expect(failure).toMatchObject({ kind: 'unsupported', message: textWith('Postgres 14 is too old to be a target') });
    expect(await connection.check(scope(), undefined, ctx)).toBe('absent');
    expect(await target.sql(`select rolname from pg_roles where rolname like 'lk\\_%'`)).toEqual([]);
  });

  test('drift is looked for without a fault', async () => {
    expect(await connection.listLookalikes?.({ read: scope() }, contextOf())).toEqual([]);
  });

  test('what was granted there before still ends', async () => {
    const ctx = contextOf();
    const login = `lk_${ctx.grantId}_ada`;
    const mark = writeMark({ grantId: ctx.grantId, database: target.database, person: 'Ada', until: ctx.expiresAt });
    await target.sql(`create role ${login} login noinherit; grant ${target.read} to ${login}`);
    await target.sql(`comment on role ${login} is ${pg.escapeLiteral(mark)}`);
    expect(await connection.check(scope(), undefined, ctx)).toBe('present');
    expect(await connection.revoke(scope(), undefined, ctx)).toBe('removed');
    expect(await connection.check(scope(), undefined, ctx)).toBe('absent');
  });
});
