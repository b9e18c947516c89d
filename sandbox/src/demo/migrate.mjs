/** The migration of the demo's pretend deployment: an ordinary client, which knows nothing of Latchkey but the variables it was given. */
import { userInfo } from 'node:os';
import pg from 'pg';

const client = new pg.Client({ application_name: `migration of ${userInfo().username}` });
await client.connect();
const { rowCount } = await client.query('update products set stock = stock + 50 where stock < 20');
console.log(`Restocked ${rowCount} products as ${process.env.PGUSER}.`);
await client.end();
