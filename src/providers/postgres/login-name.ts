/** How a temporary login is marked, so that it is never taken for somebody else's role. */
import { z } from 'zod';
import { escapeNonAscii, grantNamedIn } from '../kit/login-name.ts';
import { groupSettingsSchema, type GroupSettings } from './group-settings.ts';

const MAX_SHOWN_NAME = 100;

/** `database` is the one Latchkey was connected to: roles belong to the whole server, and two targets may share it. */
export type Mark = ({ person: string } | { client: string }) & {
  grantId: string;
  database: string;
  until: Date;
  /** What the granted groups had set when the access was granted. */
  settings?: GroupSettings | undefined;
};

/** The comment on the login. Pure ASCII, so that it fits a database of any encoding. */
export const writeMark = (mark: Mark): string => {
  const said = {
    grant: mark.grantId,
    database: mark.database,
    ...('person' in mark
      ? { person: mark.person.slice(0, MAX_SHOWN_NAME) }
      : { client: mark.client.slice(0, MAX_SHOWN_NAME) }),
    until: mark.until.toISOString(),
    settings: mark.settings,
  };
  return escapeNonAscii(JSON.stringify({ latchkey: said }));
};

const markSchema = z.object({ latchkey: z.object({ grant: z.string(), database: z.string() }) });

/** The grant and database that a role's comment claims, or null when it is not our mark. */
export const readMark = (comment: string | null): { grantId: string; database: string } | null => {
  if (!comment?.startsWith('{"latchkey":')) return null;
  try {
    const { latchkey } = markSchema.parse(JSON.parse(comment));
    return { grantId: latchkey.grant, database: latchkey.database };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
};

const settingsSchema = z.object({ latchkey: z.object({ settings: groupSettingsSchema }) });

/** Undefined for a login from before Latchkey noted it. */
export const readGroupSettings = (comment: string | null): GroupSettings | undefined => {
  if (readMark(comment) === null) return undefined;
  const mark = settingsSchema.safeParse(JSON.parse(comment ?? ''));
  return mark.success ? mark.data.latchkey.settings : undefined;
};

/** The grant whose login this is, or null when name and comment do not both say that it is one of this database. */
export const grantOfLogin = (role: string, comment: string | null, database: string): string | null => {
  const mark = readMark(comment);
  return mark?.database === database && grantNamedIn(role) === mark.grantId ? mark.grantId : null;
};
