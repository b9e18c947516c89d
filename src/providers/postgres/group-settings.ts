/**
 * Settings that a borrower makes on the group itself while acting as it (ALTER ROLE … SET). Postgres reads them at a login only, so they
 * have no effect while the group cannot log in; new ones are taken back all the same, so that nothing waits there for the day when it can.
 */
import pg from 'pg';
import { z } from 'zod';

const name = pg.escapeIdentifier;

/** Of one group, in each database ('' for all of them): `name=value`, as Postgres keeps them. */
const ofOneGroup = z.record(z.string(), z.array(z.string()));
export const groupSettingsSchema = z.record(z.string(), ofOneGroup);
export type SettingsOfGroup = z.infer<typeof ofOneGroup>;
export type GroupSettings = z.infer<typeof groupSettingsSchema>;

/** A column of a statement about roles `r`. */
export const SETTINGS_OF = `
  coalesce((select jsonb_object_agg(coalesce(d.datname::text, ''), to_jsonb(s.setconfig)) from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase
    where s.setrole = r.oid), '{}')`;

type Setting = { database: string; setting: string };

const namesOf = (settings: SettingsOfGroup): Setting[] =>
  Object.entries(settings).flatMap(([database, all]) =>
    all.map((each) => ({ database, setting: each.slice(0, each.indexOf('=')) })),
  );

/** Takes back what is there now and was not there when the access was granted. */
export const resetSql = (group: string, before: SettingsOfGroup, now: SettingsOfGroup): string[] => {
  const had = namesOf(before);
  return namesOf(now)
    .filter(({ database, setting }) => !had.some((one) => one.database === database && one.setting === setting))
    .map(({ database, setting }) => {
      const where = database === '' ? '' : ` IN DATABASE ${name(database)}`;
      return `ALTER ROLE ${name(group)}${where} RESET ${name(setting)};`;
    });
};
