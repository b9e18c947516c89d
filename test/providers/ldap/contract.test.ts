/**
 * The promises of the contract on a real slapd. Access is a person's own account in a list, so two grants share it, and there is no secret:
 * this suite says of memberships what `../contract.ts` says of logins.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection } from '../../../src/providers/provider.ts';
import { ldap } from '../../../src/providers/ldap/ldap.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
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

describe.each([
  { kind: 'groupOfNames', name: 'prod', attribute: 'member', value: dnOf('ada') },
  { kind: 'groupOfUniqueNames', name: 'unique', attribute: 'uniqueMember', value: dnOf('ada') },
  { kind: 'posixGroup', name: 'posix', attribute: 'memberUid', value: 'ada' },
])('membership of a $kind', ({ name, attribute, value }) => {
  const scope = scopeOf(name);

  test('is given once however often it is asked for, found without a handle, and taken away', async () => {
    const ctx = of('ada');
    expect(await connection.check(scope, undefined, ctx)).toBe('absent');
    expect(await connection.revoke(scope, undefined, ctx)).toBe('already_absent');
    const [first, second] = await Promise.all([connection.grant(scope, ctx), connection.grant(scope, ctx)]);
    expect(second.handle).toEqual(first.handle);
    expect(membersOf(name, attribute).filter((one) => one === value)).toHaveLength(1);
    expect(await connection.check(scope, undefined, ctx)).toBe('present');
    expect(await connection.close(scope, undefined, ctx)).toBe('closed');
    expect(membersOf(name, attribute)).not.toContain(value);
    expect(await connection.revoke(scope, first.handle, ctx)).toBe('already_absent');
    expect(await connection.check(scope, first.handle, ctx)).toBe('absent');
  });

  test('is seen where it was there before', async () => {
    const ctx = of('ada');
    expect(await connection.find?.(scope, ctx)).toMatchObject({ account: dnOf('ada'), hadAlready: false });
    directory.slapd.modify(`dn: ${groupOf(name)}\nchangetype: modify\nadd: ${attribute}\n${attribute}: ${value}\n`);
    expect(await connection.find?.(scope, ctx)).toMatchObject({ account: dnOf('ada'), hadAlready: true });
    await connection.revoke(scope, undefined, ctx);
  });

  test('ends for one and stays for another, and ends that meet all succeed', async () => {
    const [ada, olga] = [of('ada'), of('olga')];
    const { handle } = await connection.grant(scope, ada);
    await connection.grant(scope, olga);
    const outcomes = await Promise.all([
      connection.revoke(scope, handle, ada),
      connection.close(scope, undefined, ada),
      connection.revoke(scope, undefined, ada),
    ]);
    expect(outcomes.some((one) => one === 'removed' || one === 'closed')).toBe(true);
    expect(await connection.check(scope, undefined, olga)).toBe('present');
    expect(await connection.revoke(scope, undefined, olga)).toBe('removed');
  });
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

test.each([
  ['*', 'a pattern'],
  ['ada)(uid=*', 'a filter'],
  ['*)(objectClass=*', 'a filter that fits all'],
  ['nobody', 'nobody'],
  [`uid=ada,${PEOPLE},o=elsewhere`, 'a DN elsewhere'],
  ['cn=latchkey,ou=services,dc=acme,dc=test', 'an account that is no person'],
  [PEOPLE, 'where people are'],
])('a name %s is taken to the letter, and names nobody', async (user) => {
  const failure = await failureOf(connection.find?.(scopeOf('prod'), of('ada', { identity: { user } })));
  expect(failure).toMatchObject({ kind: 'denied' });
  expect(failure.message).toContain('There is no account');
  expect(membersOf('prod')).toEqual([dnOf('boss')]);
});

test('an address is looked up in the attribute that identity names, and two accounts are nobody', async () => {
  const by = { identity: { lookup: 'mail', value: 'ada@acme.test' } };
  expect(await connection.find?.(scopeOf('prod'), of('ada', by))).toMatchObject({ account: dnOf('ada') });
  directory.slapd.modify(
    `dn: ${dnOf('twin')}\nobjectClass: inetOrgPerson\nuid: twin\ncn: twin\nsn: twin\nmail: ada@acme.test\n`,
  );
  const failure = await failureOf(connection.find?.(scopeOf('prod'), of('ada', by)));
  expect(failure.message).toContain('More than one account');
  directory.slapd.modify(`dn: ${dnOf('twin')}\nchangetype: delete\n`);
});

test('a DN of an account under people.base is a name, too', async () => {
  const by = { identity: { user: `UID=Ada, ${PEOPLE}` } };
  expect(await connection.find?.(scopeOf('prod'), of('ada', by))).toMatchObject({ account: dnOf('ada') });
});

test('a client, and a person whose name is not known, are refused before anything is asked', async () => {
  const client = { ...contextOf(), person: undefined, client: { id: 'client:ci', name: 'ci' } };
  expect(await failureOf(connection.grant(scopeOf('prod'), client as never))).toMatchObject({ kind: 'unsupported' });
  const missing = of('ada', { identity: { missing: 'Ada is not in the map.' } });
  expect(await failureOf(connection.grant(scopeOf('prod'), missing))).toMatchObject({
    kind: 'denied',
    message: 'Ada is not in the map.',
  });
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

test('two hundred at once are given and taken away, each read back', { timeout: 60_000 }, async () => {
  const uids = Array.from({ length: 200 }, (_, n) => `crowd${n}`);
  directory.slapd.modify(
    uids.map((uid) => `dn: ${dnOf(uid)}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\n`).join('\n'),
  );
  await Promise.all(uids.map(async (uid) => await connection.grant(scopeOf('prod'), of(uid))));
  expect(membersOf('prod')).toHaveLength(201);
  const outcomes = await Promise.all(
    uids.map(async (uid) => await connection.revoke(scopeOf('prod'), undefined, of(uid))),
  );
  expect(new Set(outcomes)).toEqual(new Set(['removed']));
  expect(membersOf('prod')).toEqual([dnOf('boss')]);
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
