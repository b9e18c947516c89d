/** The limit for memory and start: a Bolt app that keeps something in Postgres through Drizzle, and nothing more. */
import { App, HTTPReceiver, LogLevel } from '@slack/bolt';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { answerCalls } from '../child.ts';
import { SIGNING_SECRET } from '../setup/app.ts';

const start = async ({ url }: { url: string }): Promise<number> => {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  const db = drizzle(pool);
  await db.execute(sql`create table if not exists clicks (id bigserial primary key, user_id text not null)`);
  const receiver = new HTTPReceiver({ signingSecret: SIGNING_SECRET, logLevel: LogLevel.ERROR });
  const app = new App({
    receiver,
    logLevel: LogLevel.ERROR,
    authorize: () =>
      Promise.resolve({ botToken: 'xoxb-bench', botId: 'B0BENCH', botUserId: 'U0BENCH', teamId: 'T0BENCH' }),
  });
  app.command('/prod-access', async ({ ack, body }) => {
    await db.execute(sql`insert into clicks (user_id) values (${body.user_id})`);
    await ack();
  });
  const server = await app.start({ port: 0, host: '127.0.0.1' });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

answerCalls({ start });
