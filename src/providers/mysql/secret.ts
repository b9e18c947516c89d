/** What the requester is shown to get in. */
import { randomBytes } from 'node:crypto';
import { credential, shellQuoted as quoted } from '../kit/credentials.ts';
import type { Instructions, Secret } from '../provider.ts';
import type { Scope, Settings } from './config.ts';
import type { Dialect } from './dialect.ts';
import { name } from './quote.ts';

export const newPassword = (): string => randomBytes(32).toString('base64url');

/** Words that the clients of both servers know; MariaDB's reads no `--ssl-mode`. */
const TLS_OPTIONS = {
  disable: '',
  require: ' --ssl',
  'verify-ca': ' --ssl',
  'verify-full': ' --ssl-verify-server-cert',
};

const otherRoles = ({ roles }: Scope, { setsOwnDefaultRole }: Dialect): string => {
  const others = roles.slice(1);
  if (others.length === 0 || !setsOwnDefaultRole) return '';
  return ` You begin as ${roles[0] ?? ''}; ${others.map((role) => `SET ROLE ${name(role)};`).join(' or ')} changes that.`;
};

type Access = { user: string; password: string; scope: Scope; dialect: Dialect };

export const secretFor = (
  settings: Settings,
  { user, password, scope, dialect }: Access,
): { secret: Secret; instructions: Instructions } => {
  const { host, port, database, sslmode } = settings.shown;
  const hostInUrl = host.includes(':') ? `[${host}]` : host;
  const query = sslmode === null ? '' : `?sslmode=${sslmode}`;
  const url = `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${hostInUrl}:${port}/${encodeURIComponent(database)}${query}`;
  const client = dialect.id === 'mariadb' ? 'mariadb' : 'mysql';
  // It prompts for the password: a secret in the command would stay in the shell's history.
  const command = `${client} -h ${quoted(host)} -P ${port} -u ${quoted(user)} -p --protocol=tcp${TLS_OPTIONS[sslmode ?? 'disable']}${database ? ` ${quoted(database)}` : ''}`;
  return {
    secret: {
      fields: [
        credential('host', host, 'MYSQL_HOST'),
        credential('port', String(port), 'MYSQL_TCP_PORT'),
        ...(database ? [credential('database', database, 'MYSQL_DATABASE')] : []),
        credential('user', user, 'MYSQL_USER'),
        credential('password', password, 'MYSQL_PWD'),
        credential('url', url),
      ],
    },
    instructions: {
      text: `The command prompts for the password. At the end open sessions are cut and the login is removed.${otherRoles(scope, dialect)}`,
      commands: [
        { label: 'Command', command },
        { label: 'URL', command: url },
      ],
    },
  };
};
