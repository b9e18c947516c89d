/** The promises of memberships on a real slapd: groups of each kind, names that are patterns, a server that is down. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection } from '../../../src/providers/provider.ts';
import { ldap } from '../../../src/providers/ldap/ldap.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
import { holdMembership } from '../membership.ts';
import { dnOf, groupOf, of, openDirectory, PEOPLE, type Directory } from './target.ts';

let directory: Directory;
let connection: Connection<Json, Json>;
beforeAll(async () => {
  directory = await openDirectory();
  connection = directory.open();
});
afterAll(async () => {
  await connection.disconnect();
  await directory.stop();
});

const membersOf = (name: string, attribute = 'member'): string[] => directory.slapd.values(groupOf(name), attribute);
const scopeOf = (name: string) => ({ group: groupOf(name) });

const WHO: Record<string, string> = { [dnOf('ada')]: 'ada', [dnOf('olga')]: 'olga' };
const idOf = (dn: string): string => `entryUUID:${directory.slapd.values(dn, 'entryUUID')[0] ?? ''}`;
const twin = (): (() => void) => {
  directory.slapd.modify(
    `dn: ${dnOf('twin')}\nobjectClass: inetOrgPerson\nuid: twin\ncn: twin\nsn: twin\nmail: ada@acme.test\n`,
  );
  return () => void directory.slapd.modify(`dn: ${dnOf('twin')}\nchangetype: delete\n`);
};

/** A member that was there before Latchkey stays: a group of names must have one. */
const others = (name: string, attribute: string): string[] =>
  membersOf(name, attribute)
    .filter((one) => one !== dnOf('boss'))
    .map((one) => WHO[one] ?? one);

for (const [name, attribute] of [
  ['prod', 'member'],
  ['unique', 'uniqueMember'],
  ['posix', 'memberUid'],
] as const)
  holdMembership({
    what: `a ${{ prod: 'groupOfNames', unique: 'groupOfUniqueNames', posix: 'posixGroup' }[name]}`,
    open: () => directory.open(),
    scope: scopeOf(name),
    ada: 'ada',
    olga: 'olga',
    account: dnOf('ada'),
    membersIn: () => others(name, attribute),
    ...(name === 'prod' && {
      nobody: {
        names: [
          ...['*', 'ada)(uid=*', '*)(objectClass=*', 'nobody', PEOPLE],
          ...[`uid=ada,${PEOPLE},o=elsewhere`, 'cn=latchkey,ou=services,dc=acme,dc=test'],
        ],
        why: 'There is no account',
      },
      lookup: { by: 'mail', found: 'Ada@ACME.test', none: ['*', 'nobody@acme.test'], twin },
      crowd: {
        // Each look is a scan: the server has no index.
        size: 100,
        hire: () => {
          const uids = Array.from({ length: 100 }, (_, n) => `crowd${n}`);
          const entry = (uid: string): string =>
            `dn: ${dnOf(uid)}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\n`;
          directory.slapd.modify(uids.map(entry).join('\n'));
        },
        nameOf: (n: number) => `crowd${n}`,
      },
    }),
  });

test('what was there before is seen', async () => {
  directory.slapd.modify(`dn: ${groupOf('prod')}\nchangetype: modify\nadd: member\nmember: ${dnOf('ada')}\n`);
  expect(await connection.find?.(scopeOf('prod'), of('ada'))).toMatchObject({ hadAlready: true });
  await connection.revoke(scopeOf('prod'), undefined, of('ada'));
});

test('a group has an id of its own, and a scope that says another is refused', async () => {
  const [scope, id] = [scopeOf('prod'), idOf(groupOf('prod'))];
  expect(await connection.find?.(scope, of('ada'))).toMatchObject({ named: { id } });
  expect(await connection.find?.({ ...scope, id }, of('ada'))).not.toHaveProperty('named');
  for (const wrong of ['prod', id.toUpperCase(), id.replace('entryUUID:', '')])
    expect(ldap.scopeProblems({ ...scope, id: wrong }).length).toBeGreaterThan(0);
});

test('the last one out of a group that must have a member leaves a placeholder, and nobody', async () => {
  const scope = scopeOf('lonely');
  await connection.grant(scope, of('ada'));
  directory.slapd.modify(`dn: ${groupOf('lonely')}\nchangetype: modify\ndelete: member\nmember: ${dnOf('boss')}\n`);
  expect(await connection.revoke(scope, undefined, of('ada'))).toBe('removed');
  expect(membersOf('lonely')).toEqual(['']);
  await connection.grant(scope, of('ada'));
  expect(membersOf('lonely')).toContain(dnOf('ada'));
  expect(await connection.revoke(scope, undefined, of('ada'))).toBe('removed');
});

test('a renamed or deleted account, and a deleted group, have nothing left to take away', async () => {
  directory.slapd.modify(
    `dn: ${dnOf('gone')}\nobjectClass: inetOrgPerson\nuid: gone\ncn: gone\nsn: gone\n\ndn: ${groupOf('temporary')}\nobjectClass: posixGroup\ngidNumber: 6000\n`,
  );
  const { handle } = await connection.grant(scopeOf('posix'), of('gone'));
  directory.slapd.modify(`dn: ${dnOf('gone')}\nchangetype: delete\n`);
  expect(await connection.check(scopeOf('posix'), handle, of('gone'))).toBe('present');
  expect(await connection.revoke(scopeOf('posix'), handle, of('gone'))).toBe('removed');
  for (const change of [{}, { identity: { missing: 'Gone is not in the map.' } }]) {
    expect(await connection.check(scopeOf('prod'), undefined, of('gone', change))).toBe('absent');
    expect(await connection.revoke(scopeOf('prod'), undefined, of('gone', change))).toBe('already_absent');
  }
  const place = { list: `memberUid:${groupOf('temporary')}`, member: 'ada' };
  directory.slapd.modify(`dn: ${groupOf('temporary')}\nchangetype: delete\n`);
  expect(await connection.revoke(scopeOf('temporary'), place, of('ada'))).toBe('already_absent');
});

test('a DN of an account under people.base is a name, too', async () => {
  const by = { identity: { user: `UID=Ada, ${PEOPLE}` } };
  expect(await connection.find?.(scopeOf('prod'), of('ada', by))).toMatchObject({ account: dnOf('ada') });
});

test('a member can put nobody in, and cannot stay in', async () => {
  await connection.grant(scopeOf('prod'), of('mallory'));
  const as = [dnOf('mallory'), 'mallory-secret'] as const;
  const change = (group: string, who: string): number | null =>
    directory.slapd.modifyAs(as, `dn: ${group}\nchangetype: modify\nadd: member\nmember: ${who}\n`).status;
  expect(change(groupOf('write'), dnOf('mallory'))).toBe(50);
  expect(change(groupOf('prod'), dnOf('ada'))).toBe(50);
  await connection.revoke(scopeOf('prod'), undefined, of('mallory'));
  expect(change(groupOf('prod'), dnOf('mallory'))).toBe(50);
});

test('a server that was killed is no proof of absence, and is used again when it is back', async () => {
  const { handle } = await connection.grant(scopeOf('prod'), of('ada'));
  await directory.slapd.kill();
  for (const call of [connection.check, connection.revoke])
    expect(await failureOf<string>(call(scopeOf('prod'), handle, of('ada')))).toMatchObject({ kind: 'unavailable' });
  await directory.slapd.start();
  expect(await connection.check(scopeOf('prod'), handle, of('ada'))).toBe('present');
  expect(await connection.revoke(scopeOf('prod'), handle, of('ada'))).toBe('removed');
});

test('what is said of the end is honest, and an administrator can end it by hand', async () => {
  expect(connection.guarantee(scopeOf('prod'))).toMatchObject({
    endsBy: 'revoke',
    survives: expect.stringContaining('sessions') as string,
  });
  const { handle } = await connection.grant(scopeOf('prod'), of('ada'));
  const [statement = ''] = connection.manual?.(scopeOf('prod'), handle, of('ada')).statements ?? [];
  directory.slapd.modify(statement.replace(/^.*\n/, '').replace(/EOF$/, ''));
  expect(membersOf('prod')).toEqual([dnOf('boss')]);
  expect(await connection.check(scopeOf('prod'), handle, of('ada'))).toBe('absent');
});

describe('a look at the target', () => {
  const look = async (
    change: Record<string, Json> = {},
    scopes: Record<string, Json> = { prod: scopeOf('prod'), posix: scopeOf('posix') },
  ) => {
    const other = connectTo(ldap, { ...directory.config, ...change });
    try {
      return (await other.preflight?.(scopes, contextOf())) ?? [];
    } finally {
      await other.disconnect();
    }
  };

  test('finds nothing to fix where the preparation was run, over TLS and STARTTLS, too', async () => {
    const { ca, tlsUrl, url } = directory.slapd;
    expect(await look()).toEqual([]);
    expect(await look({ url: tlsUrl, ca })).toEqual([]);
    expect(await look({ url, starttls: true, ca })).toEqual([]);
    expect(directory.slapd.values(groupOf('prod'), 'member')).toEqual([dnOf('boss')]);
  });

  test.each<{
    wrong: string;
    change?: Record<string, Json>;
    scopes?: Record<string, Json>;
    code: string;
    part: string;
  }>([
    { wrong: 'a wrong password', change: { bind_password: 'wrong' }, code: 'denied', part: 'bind_password' },
    { wrong: 'no such group', scopes: { prod: { group: groupOf('nothing') } }, code: 'no_group', part: 'no group' },
    { wrong: 'an entry that is no group', scopes: { prod: { group: PEOPLE } }, code: 'no_group', part: 'no group' },
    {
      wrong: 'no people',
      change: { people: { base: 'ou=none,dc=acme,dc=test' } },
      code: 'no_people',
      part: 'people.base',
    },
  ])('says what is wrong: $wrong', async ({ change, scopes, code, part }) => {
    const message = expect.stringContaining(part) as string;
    expect(await look(change, scopes)).toContainEqual({ level: 'error', code, message });
  });

  test('says that a certificate is not trusted, and sends no password', async () => {
    const [finding] = await look({ url: directory.slapd.tlsUrl });
    expect(finding).toMatchObject({ code: 'misconfigured', message: expect.stringContaining('Set ca') as string });
  });

  test('reports a group that owns itself, since a member could keep something', async () => {
    directory.slapd.modify(`dn: ${groupOf('own')}\nchangetype: modify\nadd: owner\nowner: ${groupOf('own')}\n`);
    const findings = await look({}, { own: scopeOf('own') });
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'group_owns_itself', remains: expect.anything() as object }),
    );
  });

  test('reports an account that may more than it needs', async () => {
    const admin = { bind_dn: 'cn=admin,dc=acme,dc=test', bind_password: 'only-for-tests' };
    const codes = (await look(admin)).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['more_than_needed']));
  });
});
