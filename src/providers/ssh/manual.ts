/** How root ends one access by hand on each host, when Latchkey cannot. */
import { prefixOf } from '../kit/login-name.ts';
import type { Manual } from '../provider.ts';
import type { Handle } from './config.ts';

export const manual = (handle: Handle | undefined, { grantId }: { grantId: string }): Manual => {
  const name = handle?.user ?? `${prefixOf(grantId)}…`;
  const files = `/etc/latchkey/ssh/keys/${name} /etc/sudoers.d/latchkey_${name}`;
  return {
    name,
    enforcedBy: 'the expiry of the certificate and of the key on each host',
    statements: [
      `rm -f ${files}`,
      `crontab -r -u ${name}; pkill -KILL -u ${name}`,
      // Never by a path, which a living account could have turned into a link by then. find wants a PATH without relative folders for that.
      `PATH=/usr/sbin:/usr/bin:/sbin:/bin find / -xdev -user ${name} -prune -execdir rm -rf --one-file-system -- {} +`,
      `userdel ${name}; rm -f /var/lib/latchkey/grants/${name}`,
    ],
  };
};
