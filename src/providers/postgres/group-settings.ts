/**
 * Settings that a borrower makes, changes or removes on the group itself while acting as it (ALTER ROLE … SET, RESET). Postgres reads them
 * at a login only, so they have no effect while the group cannot log in; all the same the end puts back what was there at the grant, so that
 * nothing waits there for the day when it can.
 */
import pg from 'pg';
import { z } from 'zod';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

/** Of one group, in each database ('' for all of them): `name=value`, as Postgres keeps them. */
const ofOneGroup = z.record(z.string(), z.array(z.string()));
export const groupSettingsSchema = z.record(z.string(), ofOneGroup);
export type SettingsOfGroup = z.infer<typeof ofOneGroup>;
export type GroupSettings = z.infer<typeof groupSettingsSchema>;

/** Far more than settings that somebody wants. As they are kept, which is compressed, and as they are. */
const STORED_MAX = 4_096;
const TEXT_MAX = 20_000;
/**
 * Everybody may set something on the role that they act as, of any size: what is larger is not read, since its reading would hold up all else.
 * By its kept size first, which takes no time. `otherwise`: SQL of what stands for it.
 */
const readableSettings = (settings: string, read: string, otherwise: string): string =>
  `case when pg_column_size(${settings}) > ${STORED_MAX} then ${otherwise}
    else case when octet_length(${settings}::text) > ${TEXT_MAX} then ${otherwise} else ${read} end end`;

/** Settings of the role `r` itself, in every database; null where they are too large to be read. A column of a statement about roles. */
export const OWN_SETTINGS_OF = `
  (select ${readableSettings('s.setconfig', 's.setconfig', 'null')} from pg_db_role_setting s where s.setdatabase = 0 and s.setrole = r.oid)`;

/** In place of all settings of one entry that are too large to be read. Postgres itself keeps none without a name. */
const TOO_LARGE = '=';

/** A column of a statement about roles `r`. */
export const SETTINGS_OF = `
  coalesce((select jsonb_object_agg(coalesce(d.datname::text, ''), ${readableSettings('s.setconfig', 'to_jsonb(s.setconfig)', `'["${TOO_LARGE}"]'::jsonb`)})
    from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase where s.setrole = r.oid), '{}')`;

/**
 * The comment of the oldest of our logins in the group `r`: what it notes was there before any of the borrowers that are in it now. A later
 * grant takes it over, or what an earlier borrower changed would count as what was there.
 */
export const OLDEST_MARK_OF = `
  (select shobj_description(m.member, 'pg_authid') from pg_auth_members m join pg_roles l on l.oid = m.member
    where m.roleid = r.oid and l.rolname like 'lk\\_%' and starts_with(shobj_description(m.member, 'pg_authid'), '{"latchkey":')
    order by m.member limit 1)`;

/** `value` is null for what is to be removed; an empty `setting` stands for all of the entry. */
type Setting = { database: string; setting: string; value: string | null };

/** What takes away settings that are too large to be read; none where there are no such. */
export const tooLargeIn = (settings: SettingsOfGroup): Setting[] =>
  Object.entries(settings)
    .filter(([, all]) => all.includes(TOO_LARGE))
    .map(([database]) => ({ database, setting: '', value: null }));

const settingsIn = (settings: SettingsOfGroup): Setting[] =>
  Object.entries(settings).flatMap(([database, all]) =>
    all.map((each) => {
      const at = each.indexOf('=');
      return { database, setting: each.slice(0, at), value: each.slice(at + 1) };
    }),
  );

/** What differs from before, as it was then. */
export const changedSettings = (before: SettingsOfGroup, now: SettingsOfGroup): Setting[] => {
  const [had, has] = [settingsIn(before), settingsIn(now)];
  const isSame = (one: Setting, other: Setting): boolean =>
    one.database === other.database && one.setting === other.setting;
  return [
    ...has.filter((each) => !had.some((one) => isSame(one, each))).map((each) => ({ ...each, value: null })),
    ...had.filter((each) => !has.some((one) => isSame(one, each) && one.value === each.value)),
  ];
};

/** The settings that Postgres keeps as a list of quoted names (`variable_is_guc_list_quote` of pg_dump): as one text they would be one name. */
const LISTS = [
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
];
const ELEMENT = /"((?:[^"]|"")*)"|([^\s,"]+)/g;

const elementsOf = (value: string): string[] =>
  [...value.matchAll(ELEMENT)].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '');

const valueSql = (setting: string, value: string): string => {
  const elements = LISTS.includes(setting.toLowerCase()) ? elementsOf(value) : [];
  return (elements.length > 0 ? elements : [value]).map((element) => literal(element)).join(', ');
};

const changeSql = ({ setting, value }: Setting): string => {
  if (value !== null) return `SET ${name(setting)} TO ${valueSql(setting, value)}`;
  return setting === '' ? 'RESET ALL' : `RESET ${name(setting)}`;
};

/** One statement, to be run by itself: each needs a right of its own. */
export const settingSql = (group: string, setting: Setting): string => {
  const { database } = setting;
  const where = database === '' ? '' : ` IN DATABASE ${name(database)}`;
  const change = changeSql(setting);
  return `ALTER ROLE ${name(group)}${where} ${change};`;
};

/** For people: `work_mem`, `search_path in the database "x"`. */
export const settingSaid = ({ database, setting }: Setting): string => {
  const what = setting || 'settings that are too large to be read';
  return database === '' ? what : `${what} in the database ${name(database)}`;
};

export type { Setting };
