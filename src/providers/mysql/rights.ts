/** What SHOW GRANTS says, as data: rights with what they are on, and roles. */
import type { Client } from './server.ts';

/** `on`: a database and a table, either `*`, as the server writes them; a routine counts as a table of its database. */
export type Right = {
  privileges: string[];
  database: string;
  object: string;
  /** `FUNCTION `, `PROCEDURE ` and so on, as REVOKE wants it; empty for data. */
  kind: string;
  isGrantable: boolean;
  /** Who was given it, quoted: the role itself, or one that it has. */
  to: string;
};
export type RoleGiven = { role: string; isAdmin: boolean };
export type Rights = { rights: Right[]; roles: RoleGiven[] };

/** A backtick is doubled inside of a name. */
const NAME = '(?:`(?:[^`]|``)*`|[^`\\s.@]+)';
const QUOTED = /`((?:[^`]|``)*)`/;
const ON_OBJECT = new RegExp(
  String.raw`^GRANT (?<privileges>.+?) ON (?<kind>(?:FUNCTION|PROCEDURE|PACKAGE BODY|PACKAGE|TABLE) )?(?<database>\*|${NAME})\.(?<object>\*|${NAME}) TO (?<to>${NAME}(?:@${NAME})?)`,
  's',
);
const A_ROLE = new RegExp(String.raw`^GRANT (?<roles>${NAME}(?:@${NAME})?(?:,\s*${NAME}(?:@${NAME})?)*) TO `, 's');

const plain = (text: string): string => QUOTED.exec(text)?.[1]?.replaceAll('``', '`') ?? text;

/** Columns stand in brackets, and may hold commas. */
const privilegesIn = (text: string): string[] =>
  text
    .replaceAll(/\([^)]*\)/g, '')
    .split(',')
    .map((word) => word.trim().toUpperCase())
    .filter((word) => word !== '');

const rightIn = (line: string): Right | null => {
  const { privileges, database, object, kind = '', to = '' } = ON_OBJECT.exec(line)?.groups ?? {};
  if (privileges === undefined || database === undefined || object === undefined) return null;
  const isGrantable = / WITH (?:.* )?GRANT OPTION/.test(line);
  return {
    privileges: privilegesIn(privileges),
    database: plain(database),
    object: plain(object),
    kind,
    isGrantable,
    to,
  };
};

const rolesIn = (line: string): RoleGiven[] => {
  const { roles } = A_ROLE.exec(line)?.groups ?? {};
  if (roles === undefined) return [];
  const isAdmin = / WITH ADMIN OPTION/.test(line);
  return roles.split(/,\s*(?=`)/).map((one) => ({ role: plain(one), isAdmin }));
};

/** Lines of SHOW GRANTS. One that is of another shape counts as a right that nobody knows, on everything. */
const rightsIn = (lines: readonly string[]): Rights => {
  const rights: Right[] = [];
  const roles: RoleGiven[] = [];
  for (const line of lines) {
    const right = rightIn(line);
    const given = right ? [] : rolesIn(line);
    roles.push(...given);
    if (right) rights.push(right);
    else if (given.length === 0 && !line.startsWith('SET DEFAULT ROLE '))
      rights.push({
        privileges: [line.slice(0, 60)],
        database: '*',
        object: '*',
        kind: '',
        isGrantable: false,
        to: '',
      });
  }
  return { rights, roles };
};

/** `of`: nothing for its own rights, `FOR …` for a role that it may grant. */
export const showGrants = async (client: Client, of = ''): Promise<Rights> => {
  const rows = await client.query<Record<string, string>>(`SHOW GRANTS ${of}`.trim());
  return rightsIn(rows.flatMap((row) => Object.values(row)));
};
