/** What an administrator of the server runs to end one access when Latchkey cannot. */
import { loginNameOf } from '../kit/login-name.ts';
import { granteeName } from '../provider.ts';
import type { Grantee, Manual } from '../provider.ts';
import type { Handle } from './config.ts';
import { eventOf } from './deadline.ts';
import { MAX_NAME } from './grant.ts';
import { account, literal } from './quote.ts';

/** In the order of our own end. `areEventsRun`: null where it was not asked yet. */
export const manual = (
  handle: Handle | undefined,
  grantee: { grantId: string } & Grantee,
  areEventsRun: boolean | null,
): Manual => {
  const user = handle?.user ?? loginNameOf(grantee.grantId, granteeName(grantee), MAX_NAME);
  return {
    name: user,
    enforcedBy: areEventsRun === false ? null : 'its event',
    statements: [
      `ALTER USER ${account(user)} ACCOUNT LOCK;`,
      // On each node. MySQL has no KILL USER, and there this gives the statements.
      `KILL USER ${literal(user)};`,
      `DROP USER ${account(user)};`,
      `KILL USER ${literal(user)};`,
      `DROP EVENT IF EXISTS ${eventOf(grantee.grantId)};`,
    ],
  };
};
