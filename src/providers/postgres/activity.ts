/** Which of our logins somebody is in right now. Asks one statement, whatever the number of logins and sessions. */
import type { InUse } from '../provider.ts';
import { LIKE_OURS } from '../kit/login-name.ts';
import { grantOfLogin } from './login-name.ts';
import { AGE_MS } from './sessions.ts';
import { onEachNode } from '../kit/nodes.ts';
import { whereIs, type Server } from './server.ts';

/**
 * By the login, which stays what it was after SET ROLE. It begins with the sessions: those are few, while the server may have any
 * number of roles. A password that was refused is no session.
 */
const IN_USE = {
  name: 'latchkey_in_use',
  text: `
  select usename as role, shobj_description(usesysid, 'pg_authid') as comment, max(${AGE_MS}) as "forMs"
  from pg_stat_activity where usename like $1 group by usesysid, usename`,
};

type Row = { role: string; comment: string | null; forMs: number };

const activityOn = async (server: Server, signal: AbortSignal): Promise<InUse[]> => {
  const rows = await server.query<Row>(signal, { ...IN_USE, values: [LIKE_OURS] });
  return rows.flatMap(({ role, comment, forMs }) => {
    const grantId = grantOfLogin(role, comment, server.settings.database);
    return grantId === null ? [] : [{ grantId, forMs }];
  });
};

/** Of the primary and its standbys. */
export const activity = async (servers: readonly Server[], signal: AbortSignal): Promise<InUse[]> => {
  const nodes = servers.map((server) => ({ name: whereIs(server.settings), server }));
  return (await onEachNode(nodes, async ({ server }) => await activityOn(server, signal))).flat();
};
