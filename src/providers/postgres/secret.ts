/** What the requester is shown to get in. */
import { credential, shellQuoted as quoted } from '../kit/credentials.ts';
import type { Instructions, Secret } from '../provider.ts';
import type { Settings } from './config.ts';

type Access = { user: string; password: string };

export const secretFor = (settings: Settings, access: Access): { secret: Secret; instructions: Instructions } => {
  const { host, port, database, sslmode } = settings.shown;
  const { user, password } = access;
  const hostInUrl = host.includes(':') ? `[${host}]` : host;
  const query = sslmode === null ? '' : `?sslmode=${sslmode}`;
  const url = `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${hostInUrl}:${port}/${encodeURIComponent(database)}${query}`;
  // psql prompts for the password: a secret in the command would stay in the shell's history.
  const environment = sslmode === null ? '' : `PGSSLMODE=${sslmode} `;
  return {
    secret: {
      fields: [
        credential('host', host, 'PGHOST'),
        credential('port', String(port), 'PGPORT'),
        credential('database', database, 'PGDATABASE'),
        credential('user', user, 'PGUSER'),
        credential('password', password, 'PGPASSWORD'),
        credential('url', url),
      ],
    },
    instructions: {
      text: 'The command prompts for the password. At the end open sessions are cut and the login is removed. What you make belongs to the group you act as.',
      commands: [
        {
          label: 'Command',
          command: `${environment}psql -h ${quoted(host)} -p ${port} -U ${quoted(user)} -d ${quoted(database)}`,
        },
        { label: 'URL', command: url },
      ],
    },
  };
};
