/** What the requester is shown to get in. */
import type { Instructions, Secret } from '../provider.ts';
import type { Settings } from './config.ts';

type Access = { user: string; password: string };

/** For a POSIX shell: nothing inside single quotes is special but the quote itself. */
const quoted = (text: string): string => (/^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

export const secretFor = (settings: Settings, access: Access): { secret: Secret; instructions: Instructions } => {
  const { host, port, database, sslmode } = settings.shown;
  const { user, password } = access;
  const hostInUrl = host.includes(':') ? `[${host}]` : host;
  const query = sslmode === null ? '' : `?sslmode=${sslmode}`;
  const url = `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${hostInUrl}:${port}/${encodeURIComponent(database)}${query}`;
  const environment = [`PGPASSWORD=${quoted(password)}`, ...(sslmode === null ? [] : [`PGSSLMODE=${sslmode}`])].join(
    ' ',
  );
  return {
    secret: {
      fields: [
        { label: 'Host', value: host, isSecret: false },
        { label: 'Port', value: String(port), isSecret: false },
        { label: 'Database', value: database, isSecret: false },
        { label: 'User', value: user, isSecret: false },
        { label: 'Password', value: password, isSecret: true },
        { label: 'URL', value: url, isSecret: true },
      ],
    },
    instructions: {
      text: 'At the end open sessions are cut and the login is removed. What you make belongs to the group you act as.',
      commands: [
        {
          label: 'psql',
          command: `${environment} psql -h ${quoted(host)} -p ${port} -U ${quoted(user)} -d ${quoted(database)}`,
        },
        { label: 'URL', command: url },
      ],
    },
  };
};
