/** How a temporary login is named and marked, so that it is found by its grant and never taken for somebody else's role. */
import { z } from 'zod';
import { ProviderError } from '../provider.ts';
import { groupSettingsSchema, type GroupSettings } from './group-settings.ts';

const PREFIX = 'lk_';
/** Identifiers in Postgres are cut at 63 bytes (postgresql.org/docs/current/sql-syntax-lexical.html). */
const MAX_NAME_BYTES = 63;
const MAX_SHOWN_NAME = 100;
/** No underscore, so that `lk_<grantId>_` is a prefix of one grant only. */
const GRANT_ID = /^[a-z0-9]{1,40}$/;

export const LIKE_OURS = 'lk\\_%';

export const checkGrantId = (grantId: string): string => {
  if (GRANT_ID.test(grantId)) return grantId;
  throw new ProviderError(
    'misconfigured',
    'A grant id must be 1 to 40 lowercase letters and digits to become part of a login name.',
  );
};

/** `lk_<grantId>_`: every login of this grant starts so, and no other. */
export const prefixOf = (grantId: string): string => `${PREFIX}${checkGrantId(grantId)}_`;

/** ASCII only: a name in another script would be cut in the middle of a character, and is hard to type for a DBA in a hurry. */
const slugOf = (name: string): string => {
  const slug = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
  return slug || 'person';
};

/** `lk_<grantId>_<slug of the person's or the client's name>`, so that a DBA sees in pg_stat_activity who it is. */
export const loginNameOf = (grantId: string, holder: string): string => {
  const prefix = prefixOf(grantId);
  return (
    prefix +
    slugOf(holder)
      .slice(0, MAX_NAME_BYTES - prefix.length)
      .replace(/_+$/, '')
  );
};

/** `database` is the one Latchkey was connected to: roles belong to the whole server, and two targets may share it. */
export type Mark = ({ person: string } | { client: string }) & {
  grantId: string;
  database: string;
  until: Date;
  /** What the granted groups had set when the access was granted. */
  settings?: GroupSettings | undefined;
};

const escapeNonAscii = (json: string): string =>
  json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

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
  return mark?.database === database && role.startsWith(`${PREFIX}${mark.grantId}_`) ? mark.grantId : null;
};
