/** Moves the real deadline of a grant, so that nobody has to wait half an hour to see it end: in Latchkey's database and in the target. */
import pg from 'pg';
import { withClient } from './production.ts';

/** Only the demo does this. The app finds the new deadline as it finds every deadline: by looking at its database. */
const MOVE = `
  update grants set expires_at = clock_timestamp() + $2 * interval '1 millisecond'
  where id = $1 and state = 'active' and expires_at > clock_timestamp() + $2 * interval '1 millisecond'
  returning request_id as "requestId", expires_at as "expiresAt", handle->>'role' as role`;

/** Has the app redraw the messages, which show the deadline. */
const REDRAW = [
  `update requests set version = version + 1 where id = $1`,
  `insert into outbox (kind, subject_id, available_at, created_at) values ('notify', $1, clock_timestamp(), clock_timestamp())`,
];

type Moved = { requestId: string; expiresAt: Date; role: string | null };

const moveInStore = async (client: pg.Client, grantId: string, inMs: number): Promise<Moved> => {
  await client.query('begin');
  const { rows } = await client.query<Moved>(MOVE, [grantId, inMs]);
  const [moved] = rows;
  if (moved) for (const statement of REDRAW) await client.query(statement, [moved.requestId]);
  await client.query('commit');
  if (!moved)
    throw new Error('This access is not active any more, or ends even sooner: there is no deadline to bring forward.');
  return moved;
};

/** `latchkeyUrl` as the owner of Latchkey's database, `serverUrl` as one who may alter the target's roles. */
export const endSoon = async (
  urls: { latchkeyUrl: string; serverUrl: string },
  grantId: string,
  inMs: number,
): Promise<void> => {
  if (!(inMs >= 0)) throw new Error('The new deadline must lie in the future.');
  const { role, expiresAt } = await withClient(urls.latchkeyUrl, (client) => moveInStore(client, grantId, inMs));
  if (role === null) return;
  const until = pg.escapeLiteral(expiresAt.toISOString());
  await withClient(urls.serverUrl, async (client) => {
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
    if (rowCount) await client.query(`alter role ${pg.escapeIdentifier(role)} valid until ${until}`);
  });
};
