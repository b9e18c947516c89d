/** What may stand in the policy for a Postgres target, and what is said when it does not fit. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import { configSchema, settingsOf } from '../../../src/providers/postgres/config.ts';
import { postgres } from '../../../src/providers/postgres/postgres.ts';

const URL_OK = 'postgresql://latchkey:pass%2Fword@db.internal:6432/orders';

describe('the config of a target', () => {
  test.each([
    [{}, 'url', 'missing'],
    [{ url: '' }, 'url', 'must be a URL'],
    [{ url: 'mysql://u:hunter22@h/d' }, 'url', 'postgresql://'],
    [{ url: 'postgresql://u:hunter22@/d' }, 'url', 'URL'],
    [{ url: 'postgresql://h/d' }, 'url', 'user and password'],
    [{ url: 'postgresql://u@h/d' }, 'url', 'user and password'],
    [{ url: 'postgresql://u:hunter22@h' }, 'url', 'name the database'],
    [{ url: 'postgresql://u:100%hunter22@h/d' }, 'url', '%25'],
    [{ url: 'postgresql://u:hunter22@h/d?sslmode=maybe' }, 'url', 'sslmode'],
    [{ url: URL_OK, sslmode: 'prefer' }, 'sslmode', 'must be one of disable, require'],
    [{ url: URL_OK, connect: { port: 0 } }, 'connect.port', '1 to 65535'],
    [{ url: URL_OK, max_connections: 1.5 }, 'max_connections', 'whole number'],
    [{ url: URL_OK, pasword: 'hunter22' }, '', 'pasword'],
    ['hunter22', '', 'expected object'],
  ] satisfies [Json, string, string][])(
    'no. %#: is refused with path and sentence, without the secret',
    (config, path, part) => {
      const problems = postgres.configProblems(config);
      expect(problems).toHaveLength(1);
      expect(problems[0]?.path).toBe(path);
      expect(problems[0]?.message).toContain(part);
      expect(JSON.stringify(problems)).not.toContain('hunter22');
      expect(() => postgres.connect(config)).toThrow(/does not fit/);
    },
  );

  test('people are shown the address meant for them, Latchkey uses its own', () => {
    const settings = settingsOf(
      configSchema.parse({ url: URL_OK, connect: { host: 'proxy.acme.test', port: 5433 }, sslmode: 'verify-full' }),
    );
    expect(settings).toMatchObject({
      host: 'db.internal',
      port: 6432,
      password: 'pass/word',
      user: 'latchkey',
      database: 'orders',
    });
    expect(settings.shown).toEqual({ host: 'proxy.acme.test', port: 5433, database: 'orders', sslmode: 'verify-full' });
  });

  test('an IPv6 address and the usual port need no care', () => {
    expect(settingsOf(configSchema.parse({ url: 'postgres://u:p@[::1]/d' }))).toMatchObject({
      host: '::1',
      port: 5432,
      ssl: false,
    });
  });
});

describe('the scope of a role', () => {
  test.each([
    [{}, 'member_of'],
    [{ member_of: [] }, 'member_of'],
    [{ member_of: 'app_read' }, 'member_of'],
    [{ member_of: [''] }, 'member_of.0'],
    [{ member_of: ['x'.repeat(64)] }, 'member_of.0'],
    [{ member_of: ['a'], set_role: 'b' }, 'set_role'],
    [{ member_of: ['a'], connection_limit: 0 }, 'connection_limit'],
    [{ member_of: ['a'], set_roles: 'a' }, ''],
  ] satisfies [Json, string][])('%j is refused at %j', (scope, path) => {
    expect(postgres.scopeProblems(scope).map((problem) => problem.path)).toEqual([path]);
  });

  test('one group is enough', () => {
    expect(postgres.scopeProblems({ member_of: ['app_read'] })).toEqual([]);
  });
});
