/** An account or a group that is renamed or moved while the access lasts: the end finds both by what stays the same of them, on a real slapd. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import { ldap } from '../../../src/providers/ldap/ldap.ts';
import type { Connection } from '../../../src/providers/provider.ts';
import { SUFFIX } from '../../support/slapd.ts';
import { connectTo, failureOf } from '../connection.ts';
import { holdTakenName } from '../membership.ts';
import { dnOf, groupOf, of, openDirectory, PEOPLE, type Directory } from './target.ts';

const scopeOf = (name: string) => ({ group: groupOf(name) });
const ADMIN = { bind_dn: `cn=admin,${SUFFIX}`, bind_password: 'only-for-tests' };

describe.each([
  { kind: 'that changes members with their accounts', isKeepingUp: true },
  { kind: 'that leaves members as they are', isKeepingUp: false },
])('in a directory $kind', ({ isKeepingUp }) => {
  let directory: Directory;
  let connection: Connection<Json, Json>;
  /** By the administrator's right, which no rule ends at a group's old name. */
  let mighty: Connection<Json, Json>;
  beforeAll(async () => {
    directory = await openDirectory(isKeepingUp);
    connection = directory.open();
    mighty = connectTo(ldap, { ...directory.config, ...ADMIN });
  });
  afterAll(async () => {
    await connection.disconnect();
    await mighty.disconnect();
    await directory.stop();
  });

  const membersOf = (dn: string, attribute = 'member'): string[] => directory.slapd.values(dn, attribute);
  const rename = (dn: string, rdn: string, above?: string): void => {
    const more = above === undefined ? '' : `newsuperior: ${above}\n`;
    directory.slapd.modify(`dn: ${dn}\nchangetype: modrdn\nnewrdn: ${rdn}\ndeleteoldrdn: 1\n${more}`);
  };
  let people = 0;
  const hire = (): string => {
    people += 1;
    const uid = `p${people}`;
    directory.slapd.modify(`dn: ${dnOf(uid)}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\n`);
    return uid;
  };
  const group = (name: string): string => {
    directory.slapd.modify(`dn: ${groupOf(name)}\nobjectClass: groupOfNames\nmember: ${dnOf('boss')}\n`);
    return groupOf(name);
  };
  const given = async (uid: string, name = 'prod', by = connection): Promise<Json> =>
    (await by.grant(scopeOf(name), of(uid))).handle;

  test.each(['prod', 'unique'])('an account that was renamed is taken out of %s', async (name) => {
    const uid = hire();
    const handle = await given(uid, name);
    rename(dnOf(uid), `uid=${uid}-new`);
    expect(await connection.check(scopeOf(name), handle, of(uid))).toBe('present');
    expect(await connection.revoke(scopeOf(name), handle, of(uid))).toBe('removed');
    const attribute = name === 'unique' ? 'uniqueMember' : 'member';
    expect(membersOf(groupOf(name), attribute)).toEqual([dnOf('boss')]);
    expect(await connection.check(scopeOf(name), handle, of(uid))).toBe('absent');
  });

  test('an account that was renamed is taken out of a posixGroup, under either of its names', async () => {
    const uid = hire();
    const handle = await given(uid, 'posix');
    rename(dnOf(uid), `uid=${uid}-new`);
    directory.slapd.modify(`dn: ${groupOf('posix')}\nchangetype: modify\nadd: memberUid\nmemberUid: ${uid}-new\n`);
    expect(await connection.revoke(scopeOf('posix'), handle, of(uid))).toBe('removed');
    expect(membersOf(groupOf('posix'), 'memberUid')).toEqual([]);
  });

  test('an account that was moved away from people is taken out', async () => {
    const uid = hire();
    const handle = await given(uid);
    rename(dnOf(uid), `uid=${uid}`, `ou=services,${SUFFIX}`);
    expect(await connection.revoke(scopeOf('prod'), handle, of(uid))).toBe('removed');
    expect(membersOf(groupOf('prod'))).toEqual([dnOf('boss')]);
  });

  test('another account that has the name now gains and keeps nothing by it', async () => {
    const uid = hire();
    const handle = await given(uid);
    rename(dnOf(uid), `uid=${uid}-new`);
    directory.slapd.modify(`dn: ${dnOf(uid)}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\n`);
    expect(await connection.revoke(scopeOf('prod'), handle, of(uid))).toBe('removed');
    expect(membersOf(groupOf('prod'))).toEqual([dnOf('boss')]);
  });

  test('a deleted account leaves nothing to be found', async () => {
    const uid = hire();
    const handle = await given(uid);
    directory.slapd.modify(`dn: ${dnOf(uid)}\nchangetype: delete\n`);
    await connection.revoke(scopeOf('prod'), handle, of(uid));
    expect(membersOf(groupOf('prod'))).toEqual([dnOf('boss')]);
  });

  test('of a group that was renamed it is taken out, or it is said that this is not allowed: it is never called gone', async () => {
    const [uid, old] = [hire(), group('old')];
    const handle = await given(uid, 'old', mighty);
    rename(old, 'cn=new');
    expect(await mighty.check(scopeOf('old'), handle, of(uid))).toBe('present');
    expect(await failureOf(connection.revoke(scopeOf('old'), handle, of(uid)))).toMatchObject({ kind: 'denied' });
    expect(await mighty.revoke(scopeOf('old'), handle, of(uid))).toBe('removed');
    expect(membersOf(groupOf('new'))).toEqual([dnOf('boss')]);
  });

  test('another group that has the name now is left alone', async () => {
    const [uid, old] = [hire(), group('first')];
    const handle = await given(uid, 'first', mighty);
    rename(old, 'cn=second');
    group('first');
    directory.slapd.modify(`dn: ${old}\nchangetype: modify\nadd: member\nmember: ${dnOf(uid)}\n`);
    expect(await mighty.revoke(scopeOf('first'), handle, of(uid))).toBe('removed');
    expect(membersOf(groupOf('second'))).toEqual([dnOf('boss')]);
    expect(membersOf(old)).toContain(dnOf(uid));
    expect(await mighty.check(scopeOf('first'), handle, of(uid))).toBe('absent');
  });

  test('by a DN that another group has now nothing is given, and what was given ends', async () => {
    const [uid, old] = [hire(), group('taken')];
    const id = (dn: string): string => `entryUUID:${directory.slapd.values(dn, 'entryUUID')[0] ?? ''}`;
    const of = (dn: string): string[] => membersOf(dn).map((one) => (one === dnOf(uid) ? 'ada' : one));
    await holdTakenName(mighty, {
      scope: scopeOf('taken'),
      ada: uid,
      membersIn: () => of(old),
      names: {
        name: `group ${old}`,
        id: id(old),
        take: () => {
          rename(old, 'cn=taken-before');
          return id(group('taken'));
        },
        inTaker: () => of(old),
      },
    });
    expect(of(groupOf('taken-before'))).not.toContain('ada');
  });

  test('a handle of before ids were kept is ended by its names', async () => {
    const uid = hire();
    await given(uid);
    const handle = { list: `member:${groupOf('prod')}`, member: dnOf(uid) };
    expect(await connection.revoke(scopeOf('prod'), handle, of(uid))).toBe('removed');
    expect(membersOf(groupOf('prod'))).toEqual([dnOf('boss')]);
  });

  test('who was in before and was taken out meanwhile is not put in as if they still were', async () => {
    const uid = hire();
    const failure = await failureOf(connection.grant(scopeOf('prod'), of(uid, { hadAlready: true })));
    expect(failure).toMatchObject({ kind: 'conflict' });
    expect(membersOf(groupOf('prod'))).toEqual([dnOf('boss')]);
  });

  test('the names are read with what the preparation allows', async () => {
    const found = (await connection.preflight?.({ prod: scopeOf('prod') }, of('ada'))) ?? [];
    expect(found.map(({ code }) => code)).not.toContain('no_stable_id');
    expect(PEOPLE).toContain(SUFFIX);
  });
});
