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
  const environment = [`PGPASSWORD=${quoted(password)}`, ...(sslmode === null ? [] : [`PGSSLMODE=${sslmode}`])].join(
    ' ',
  );
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
