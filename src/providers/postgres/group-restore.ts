/** Puts the settings of a group back to what they were at the grant, one by one, and says it where that cannot be done. */
import pg from 'pg';
import { ProviderError, type ProviderLog } from '../provider.ts';
import { codeOf } from '../kit/network-errors.ts';
import { changedSettings, settingSql, type Setting, type SettingsOfGroup } from './group-settings.ts';
import { readGroupSettings } from './login-name.ts';
import type { Ended } from './prepared.ts';
import type { Server } from './server.ts';
import { despiteChanges, unblocking } from './unblock.ts';

const NO_RIGHT = '42501';
/** The group or the database was dropped meanwhile; so was the extension that knew the setting. */
const NOT_THERE = ['42704', '3D000'];

/**
 * A change of the group's own entry, which others may change at the same moment: another process of Latchkey, another target on the same
 * server. `false` where Latchkey has no right to it.
 */
export const changeGroup = async (server: Server, sql: readonly string[], signal: AbortSignal): Promise<boolean> => {
  const text = ['BEGIN;', ...sql, 'COMMIT;'].join('\n');
  const work = async (): Promise<unknown> => await server.run(signal, async (client) => await client.query(text));
  try {
    await despiteChanges(server, signal, work);
    return true;
  } catch (error) {
    const code = error instanceof ProviderError ? codeOf(error.cause) : '';
    if (NOT_THERE.includes(code)) return true;
    if (code === NO_RIGHT) return false;
    throw error;
  }
};

type Group = { name: string; settings: SettingsOfGroup };
type Context = { signal: AbortSignal; log: ProviderLog };

/** The oldest of the logins knows best; the handles know it where the login is gone. */
const beforeOf = (group: string, { logins, noted }: Ended): SettingsOfGroup | undefined => {
  const oldestFirst = [...logins].sort((one, other) => one.oid - other.oid);
  const known = [...oldestFirst.map(({ comment }) => readGroupSettings(comment)), ...noted];
  return known.find((settings) => settings?.[group] !== undefined)?.[group];
};

/**
 * Some settings take a superuser, or a role that was granted the right to set them. `role` and settings of extensions are in no list.
 * Not by the view `pg_settings`: everybody may update it, and so lock it against everybody else.
 */
const MAY_SET = `
  select s.name, has_parameter_privilege($1, s.name, 'SET')
    or not exists (select from pg_show_all_settings() p where p.name = s.name and p.context not in ('user', 'backend')) as "maySet"
  from unnest($2::text[]) as s(name)`;

/** Those that Latchkey may not put back and a borrower could change. What only a superuser could, no borrower did. */
const changeable = async (
  server: Server,
  { group, refused }: { group: string; refused: readonly Setting[] },
  signal: AbortSignal,
): Promise<Setting[]> => {
  const values = [group, [...new Set(refused.map(({ setting }) => setting))]];
  const rows = await server.query<{ name: string; maySet: boolean }>(signal, { text: MAY_SET, values });
  return refused.filter(({ setting }) => rows.some(({ name, maySet }) => name === setting && maySet));
};

const assertRestored = (group: string, left: readonly Setting[]): void => {
  if (left.length === 0) return;
  const sql = left.map((setting) => settingSql(group, setting)).join(' ');
  throw new ProviderError(
    'denied',
    `The access is closed, but settings of the group ${pg.escapeIdentifier(group)} are not what they were at the grant, and Latchkey may not put them back. ` +
      `As a superuser: ${sql} Latchkey then removes the login.`,
  );
};

const restoreGroup = async (
  server: Server,
  { ended, group, changed }: { ended: Ended; group: string; changed: readonly Setting[] },
  { signal, log }: Context,
): Promise<void> => {
  log.warn(
    { group, sql: changed.map((setting) => settingSql(group, setting)) },
    'settings of a group changed while it was granted: Latchkey puts back what was there',
  );
  const refused: Setting[] = [];
  for (const setting of changed) {
    const sql = [settingSql(group, setting)];
    const work = async (): Promise<boolean> => await changeGroup(server, sql, signal);
    if (!(await unblocking(server, work, { ended, signal }))) refused.push(setting);
  }
  if (refused.length > 0) assertRestored(group, await changeable(server, { group, refused }, signal));
};

export const restoreSettings = async (
  server: Server,
  { ended, groups }: { ended: Ended; groups: readonly Group[] },
  context: Context,
): Promise<void> => {
  for (const { name, settings } of groups) {
    const before = beforeOf(name, ended);
    const changed = before ? changedSettings(before, settings) : [];
    if (changed.length > 0) await restoreGroup(server, { ended, group: name, changed }, context);
  }
};
