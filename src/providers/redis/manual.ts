/** What an administrator of the servers runs to end one access when Latchkey cannot. */
import { loginNameOf } from '../kit/login-name.ts';
import { granteeName } from '../provider.ts';
import type { Grantee, Manual } from '../provider.ts';
import type { Handle } from './config.ts';
import { MAX_NAME } from './grant.ts';

/** On each node, in the order of our own end. ACL SAVE says that there is no file where there is none, which is fine. */
export const manual = (handle: Handle | undefined, grantee: { grantId: string } & Grantee): Manual => {
  const user = handle?.user ?? loginNameOf(grantee.grantId, granteeName(grantee), MAX_NAME);
  return {
    name: user,
    enforcedBy: null,
    statements: [`ACL SETUSER ${user} off`, `CLIENT KILL USER ${user}`, `ACL DELUSER ${user}`, 'ACL SAVE'],
  };
};
