/** What an administrator of the directory runs: an account for Latchkey, and what it may do. Asks no server. */
import type { Manual, Preparation } from '../provider.ts';
import type { Config, Scope } from './config.ts';
import type { Place } from '../kit/membership.ts';

const UNKNOWN = { bind_dn: 'cn=latchkey,ou=services,dc=acme,dc=test', people: { base: 'ou=people,dc=acme,dc=test' } };

const commonNameIn = (dn: string): string =>
  /^[^=]+=((?:\\.|[^,+\\])*)/.exec(dn)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? 'latchkey';

/** RFC 2849: a value that is not plain is written in base64. */
const line = (name: string, value: string): string =>
  /^[\x21-\x39\x3b\x3d-\x7e][\x20-\x7e]*$/.test(value) && !value.endsWith(' ')
    ? `${name}: ${value}`
    : `${name}:: ${Buffer.from(value).toString('base64')}`;

/** In the order in which slapd reads them: the first that fits is the last that counts. */
const accessRules = (
  config: Pick<Config, 'bind_dn'> & { people: { base: string } },
  groups: readonly string[],
): string[] => [
  ...groups.map(
    (group) =>
      `to dn.exact="${group}" attrs=member,uniqueMember,memberUid by dn.exact="${config.bind_dn}" write by * break`,
  ),
  ...groups.map(
    (group) =>
      `to dn.exact="${group}" attrs=entry,objectClass,owner,entryUUID by dn.exact="${config.bind_dn}" read by * break`,
  ),
  `to dn.subtree="${config.people.base}" attrs=entry,children,objectClass,uid,cn,mail,entryUUID by dn.exact="${config.bind_dn}" read by * break`,
];

export const prepare = (config: Config | null, scopes: Record<string, Scope>): Preparation => {
  const known = config ?? UNKNOWN;
  const groups = [...new Set(Object.values(scopes).map(({ group }) => group))];
  const rules = accessRules(known, groups);
  const account = [
    line('dn', known.bind_dn),
    'changetype: add',
    'objectClass: applicationProcess',
    'objectClass: simpleSecurityObject',
    line('cn', commonNameIn(known.bind_dn)),
    'userPassword: {CRYPT}!',
  ].join('\n');
  return {
    text: `# Run it with: ldapmodify -c -H ${config?.url ?? 'ldaps://…'} -D <administrator> -W -f this-file
# An account for Latchkey. It is locked until you set its password, which is bind_password:
#   ldappasswd -H ${config?.url ?? 'ldaps://…'} -D <administrator> -W -S '${known.bind_dn}'
${account}

# What it may do, for OpenLDAP, before your other rules. In slapd.conf, "access" before each; in cn=config, "olcAccess: {0}" and so on:
${rules.map((rule) => `#   ${rule}`).join('\n')}
`,
    version: null,
    notes: [
      ...(config === null ? ['The config of the target is not complete: the names in the text are examples.'] : []),
      'The text holds no password. The access rules are comments, since they stand in the configuration of the server.',
    ],
  };
};

export const manual = ({ group }: Scope, place: Place | undefined): Manual => {
  const at = place?.list.indexOf(':') ?? -1;
  const keeps = place ? place.list.slice(0, at) : 'member';
  const dn = place ? place.list.slice(at + 1) : group;
  const member = place?.member ?? '<the DN of the account>';
  return {
    name: `${member} in ${dn}`,
    enforcedBy: null,
    statements: [
      `ldapmodify -D <administrator> -W <<'EOF'\n${line('dn', dn)}\nchangetype: modify\ndelete: ${keeps}\n${line(keeps, member)}\nEOF`,
    ],
  };
};
