/** What the requester is shown to get in. */
import { credential, shellQuoted as quoted } from '../kit/credentials.ts';
import type { Instructions, Secret } from '../provider.ts';
import type { Settings } from './config.ts';

export const secretFor = (
  { shown }: Pick<Settings, 'shown'>,
  { user, password }: { user: string; password: string },
): { secret: Secret; instructions: Instructions } => {
  const { host, port, isTls } = shown;
  const hostInUrl = host.includes(':') ? `[${host}]` : host;
  const url = `${isTls ? 'rediss' : 'redis'}://${user}:${encodeURIComponent(password)}@${hostInUrl}:${port}`;
  // It prompts for the password: a secret in the command would stay in the shell's history.
  const command = `redis-cli -h ${quoted(host)} -p ${port} --user ${user} --askpass${isTls ? ' --tls' : ''}`;
  return {
    secret: {
      fields: [
        credential('host', host),
        credential('port', String(port)),
        credential('user', user),
        credential('password', password, 'REDISCLI_AUTH'),
        credential('url', url, 'REDIS_URL'),
      ],
    },
    instructions: {
      text: 'The command prompts for the password. At the end open connections are cut and the user is removed on every node.',
      commands: [
        { label: 'Command', command },
        { label: 'URL', command: url },
      ],
    },
  };
};
