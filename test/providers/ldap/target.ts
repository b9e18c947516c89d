/** A directory with people and groups, and Latchkey's own account in it as `doctor --sql` and its access rules make it. */
import type { Json } from '../../../src/domain/json.ts';
import { ldap } from '../../../src/providers/ldap/ldap.ts';
import { connectTo, contextOf } from '../connection.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { SUFFIX, startSlapd, type Slapd } from '../../support/slapd.ts';

export const PEOPLE = `ou=people,${SUFFIX}`;
const GROUPS = `ou=groups,${SUFFIX}`;
export const LATCHKEY = `cn=latchkey,ou=services,${SUFFIX}`;
export const groupOf = (name: string): string => `cn=${name},${GROUPS}`;
export const dnOf = (uid: string): string => `uid=${uid},${PEOPLE}`;

const NAMES = ['prod', 'write', 'unique', 'posix', 'own', 'lonely'];
const PASSWORD = 'a long one';

const person = (uid: string, more = ''): string => `dn: ${dnOf(uid)}
objectClass: inetOrgPerson
uid: ${uid}
cn: ${uid}
sn: ${uid}
mail: ${uid}@acme.test
userPassword: ${uid}-secret
${more}
`;

const ENTRIES = `${['ada', 'olga', 'boss', 'mallory'].map((uid) => person(uid)).join('\n')}
${['prod', 'write', 'own', 'lonely'].map((name) => `dn: ${groupOf(name)}\nobjectClass: groupOfNames\nmember: ${dnOf('boss')}\n`).join('\n')}
dn: ${groupOf('unique')}
objectClass: groupOfUniqueNames
uniqueMember: ${dnOf('boss')}

dn: ${groupOf('posix')}
objectClass: posixGroup
gidNumber: 5000
`;

export type Directory = {
  slapd: Slapd;
  config: Record<string, Json>;
  open: () => Connection<Json, Json>;
  stop: () => Promise<void>;
};

/** As the comments of the preparation say. */
const rulesIn = (text: string): string[] => [...text.matchAll(/^# {3}(to .*)$/gm)].map(([, rule = '']) => rule);

export const openDirectory = async (isKeepingUp = false): Promise<Directory> => {
  const config: Record<string, Json> = {
    url: 'ldap://127.0.0.1',
    bind_dn: LATCHKEY,
    bind_password: PASSWORD,
    people: { base: PEOPLE },
  };
  const scopes = Object.fromEntries(NAMES.map((name) => [name, { group: groupOf(name) }]));
  const prepared = await ldap.prepare?.(config, scopes, contextOf());
  const slapd = await startSlapd(rulesIn(prepared?.text ?? ''), isKeepingUp);
  slapd.modify(ENTRIES);
  slapd.modify(prepared?.text ?? '');
  slapd.setPassword(LATCHKEY, PASSWORD);
  const whole = { ...config, url: slapd.url };
  return {
    slapd,
    config: whole,
    open: () => connectTo(ldap, whole),
    stop: slapd.stop,
  };
};

/** A person's own, by `identity: { user: "{local}" }`. */
export const of = (uid: string, change: Partial<ProviderContext> = {}): ProviderContext =>
  contextOf({
    person: { id: `T1:${uid}`, name: uid, email: `${uid}@acme.test` },
    identity: { user: uid },
    ...change,
  });
