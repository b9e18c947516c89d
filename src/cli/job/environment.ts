/** The child's environment: credentials by the names that clients read, and nothing by which the child could get more. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Variables } from '../../config/variable.ts';
import { isFitForCredential } from '../../lib/code-variables.ts';
import type { Field } from './answers.ts';
import { usedWrongly } from './failure.ts';
import { makePrivateFolder } from './private-folder.ts';
import { SSH_VARIABLE, sshFiles } from './ssh-files.ts';

/** `DATABASE_URL=url`: a name of the environment, and of a field. */
export type Naming = { name: string; field: string };

const NAMING = /^([A-Za-z_]\w*)=(.+)$/;
/** Of every CI: by them another session could be opened. */
const TOKEN = /(?:^|_)(?:ID|OIDC)_TOKEN/i;
/** Settings of a job that would lead a client elsewhere, or win over the credentials. */
const REDIRECTS: readonly [begins: string, names: readonly string[]][] = [
  [
    'PG',
    [
      'PGHOST',
      'PGHOSTADDR',
      'PGPORT',
      'PGDATABASE',
      'PGUSER',
      'PGPASSWORD',
      'PGPASSFILE',
      'PGSERVICE',
      'PGSERVICEFILE',
      'PGOPTIONS',
    ],
  ],
  ['MYSQL_', ['MYSQL_HOST', 'MYSQL_TCP_PORT', 'MYSQL_DATABASE', 'MYSQL_PWD', 'MYSQL_UNIX_PORT']],
];

export const readNaming = (text: string): Naming => {
  const [, name, field] = NAMING.exec(text) ?? [];
  if (!name || !field) throw usedWrongly(`--env ${text.slice(0, 60)}: write NAME=field, such as DATABASE_URL=url.`);
  if (TOKEN.test(name)) throw usedWrongly(`--env ${name}: this name is kept for the job's token; choose another one.`);
  return { name, field };
};

const namedFields = (fields: readonly Field[], namings: readonly Naming[]): Record<string, string> =>
  Object.fromEntries(
    namings.map(({ name, field }) => {
      const found = fields.find((one) => one.name === field);
      if (found) return [name, found.value];
      throw usedWrongly(
        `--env ${name}=${field}: there is no field ${field}. There are: ${fields.map((one) => one.name).join(', ')}.`,
      );
    }),
  );

/** Looked at again here: it is here that it would run. */
const ownNames = (fields: readonly Field[]): Record<string, string> => {
  const unfit = fields.find(({ env }) => env !== null && !isFitForCredential(env));
  if (unfit)
    throw usedWrongly(`The target wants its ${unfit.name} to be called ${unfit.env}, which is no name for it.`);
  return Object.fromEntries(fields.flatMap(({ env, value }) => (env === null ? [] : [[env, value]])));
};

/** What kubectl and its like read from a file: the variable holds its path. */
export const isFileField = ({ name }: Pick<Field, 'name'>): boolean => name === 'kubeconfig';

const fileVariables = (fields: readonly Field[]): string[] =>
  fields.flatMap((field) => (isFileField(field) && field.env !== null ? [field.env] : []));

export const credentialsIn = (fields: readonly Field[], namings: readonly Naming[]): Record<string, string> => ({
  ...ownNames(fields),
  ...namedFields(fields, namings),
});

const inherited = (env: Variables, credentials: Record<string, string>): Variables => {
  const names = Object.keys(credentials);
  const hidden = new Set(
    REDIRECTS.flatMap(([begins, all]) => (names.some((name) => name.startsWith(begins)) ? all : [])),
  );
  return Object.fromEntries(Object.entries(env).filter(([name]) => !TOKEN.test(name) && !hidden.has(name)));
};

const escaped = (text: string): string => text.replaceAll(/[\\:]/g, String.raw`\$&`);

/** Gone with this process. */
const privateFolder = (files: Record<string, string>): string => {
  const folder = makePrivateFolder(tmpdir(), files);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const privateFile = (name: string, text: string): string => path.join(privateFolder({ [name]: text }), name);

const writePasswordFile = (credentials: Record<string, string>): string => {
  const { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password } = credentials;
  if (!host || !port || !user || !password)
    throw usedWrongly('--file needs a PostgreSQL target: others have no password file.');
  return privateFile(
    'pgpass',
    `${[host, port, '*', user, password].map((part) => (part === '*' ? part : escaped(part))).join(':')}\n`,
  );
};

type Made = { fields: readonly Field[]; namings: readonly Naming[]; grant: string; inFile: boolean };

export const childEnvironment = (env: Variables, { fields, namings, grant, inFile }: Made): Variables => {
  const credentials = credentialsIn(fields, namings);
  const base = inherited(env, credentials);
  const made: Variables = { ...base, ...credentials };
  for (const name of fileVariables(fields)) made[name] = privateFile(name.toLowerCase(), credentials[name] ?? '');
  const ssh = sshFiles(fields);
  if (ssh !== null) made[SSH_VARIABLE] = privateFolder(ssh);
  if (credentials['PGHOST'] && !base['PGAPPNAME']) made['PGAPPNAME'] = `latchkey ${grant}`;
  if (!inFile) return made;
  const { PGPASSWORD: _inTheFile, ...rest } = made;
  return { ...rest, PGPASSFILE: writePasswordFile(credentials) };
};

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const sshLines = (fields: readonly Field[]): string[] => {
  const files = Object.entries(sshFiles(fields) ?? {});
  if (files.length === 0) return [];
  const writes = files.map(([name, text]) => `printf %s ${quoted(text)} > "$${SSH_VARIABLE}/${name}"`);
  return [`export ${SSH_VARIABLE}="$(mktemp -d)"`, `(umask 077 && ${writes.join(' && ')})`];
};

/** For `eval "$(…)"`. The shell that reads them makes the files, so that they live as long as its job needs them. */
export const shellLines = (fields: readonly Field[], namings: readonly Naming[]): string[] => {
  const files = fileVariables(fields);
  const variables = Object.entries(credentialsIn(fields, namings)).map(([name, value]) =>
    files.includes(name)
      ? `export ${name}="$(mktemp)" && printf %s ${quoted(value)} > "$${name}"`
      : `export ${name}=${quoted(value)}`,
  );
  return [...variables, ...sshLines(fields)];
};
